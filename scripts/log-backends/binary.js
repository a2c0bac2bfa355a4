// Programs that are built once, by Go from its module proxy, and kept in node_modules/.cache.
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root, run } from './command.js';

/**
 * The path of a program.
 * @param {string} name With its version.
 * @param {string | undefined} given One that is there already.
 * @param {(folder: string) => Promise<string> | string} make Makes it in an empty folder, and answers its path.
 */
export async function keptBinary(name, given, make) {
  const kept = given ?? join(root, 'node_modules', '.cache', 'spanledger-log-backends', name);
  if (existsSync(kept)) return kept;
  if (given !== undefined) throw new Error(`There is no ${given}.`);
  mkdirSync(dirname(kept), { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'spanledger-binary-'));
  try {
    const made = await make(folder);
    chmodSync(made, 0o755);
    cpSync(made, `${kept}.new`);
    renameSync(`${kept}.new`, kept);
    return kept;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs Go, which may write `go.mod`, and answers what it says. */
export function go(parameters, cwd, env = {}) {
  return run('go', parameters, { cwd, env: { GOFLAGS: '-mod=mod', CGO_ENABLED: '0', ...env } }).stdout;
}
