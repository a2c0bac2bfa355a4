import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The directory of the embedded store in a spanledger directory. */
export function embeddedStoreDirectory(directory: string): string {
  return join(directory, 'store');
}

/** Whether anybody has begun an embedded store there. Until then all that was recorded is in the journals. */
export function hasEmbeddedStore(directory: string): boolean {
  return existsSync(embeddedStoreDirectory(directory));
}
