// @ts-check
// This package as the registry would have it, for measurements of programs that have installed it.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Packs what was built. Answers the path of the archive. @param {string} directory */
export function packed(directory) {
  const parameters = ['pack', '--ignore-scripts', '--silent', '--pack-destination', directory];
  const { status, stdout } = spawnSync('npm', parameters, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error('The package could not be packed.');
  return join(directory, stdout.trim().split('\n').at(-1) ?? '');
}
