import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import './baseline-wasm.ts';

/** A migrated embedded store, closed, that is made once for a run and copied: making one takes seconds, a copy tenths of one. */
export interface EmbeddedTemplate {
  /** The folder in which `store` lies. */
  readonly directory: string;
  remove(): void;
}

export async function makeEmbeddedTemplate(): Promise<EmbeddedTemplate> {
  const directory = mkdtempSync(join(tmpdir(), 'spanledger-template-'));
  const remove = () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  try {
    // What was built: its thread needs no loader for TypeScript, which the process of the test runner does not have.
    const built = new URL('../../dist/shipping/embedded-store.js', import.meta.url).href;
    const { createEmbeddedStore }: typeof import('../../src/shipping/embedded-store.ts') = await import(built);
    const store = createEmbeddedStore({ directory });
    await store.query('select 1');
    await store.close();
    return { directory, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Copies the store of a template into a spanledger directory. */
export function copyEmbeddedStore(template: string, directory: string): void {
  cpSync(join(template, 'store'), join(directory, 'store'), { recursive: true, preserveTimestamps: true });
}
