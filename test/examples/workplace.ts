import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Folders of one test, gone when it has ended. */
export interface Workplace {
  /** What is imported. */
  readonly folder: string;
  /** Where the importer keeps target, catalogue and ledger. */
  readonly state: string;
  /** The user to run as: root may read everything, so a test of rights runs as nobody. */
  readonly uid: number | undefined;
}

const nobody = 65_534;

export function createWorkplace(): Workplace {
  const base = mkdtempSync(join(tmpdir(), 'spanledger-example-'));
  onTestFinished(() => rmSync(base, { recursive: true, force: true, maxRetries: 3 }));
  const place = { folder: join(base, 'in'), state: join(base, 'state') };
  for (const path of [place.folder, place.state]) mkdirSync(path);
  const uid = process.getuid?.() === 0 ? nobody : undefined;
  if (uid !== undefined) for (const path of [base, place.folder, place.state]) chownSync(path, uid, uid);
  return { ...place, uid };
}

/** Files in the target tree, without what is on its way into it. */
export function targetFiles(state: string): string[] {
  const found = readdirSync(join(state, 'target'), { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile() && !entry.parentPath.endsWith('.incoming'))
    .map((entry) => join(entry.parentPath, entry.name));
}
