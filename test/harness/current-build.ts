import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/**
 * Builds `dist` when a source is newer than it: processes that tests start run what was built. A build that fails leaves the
 * old one, and tells so; without any there is nothing to test.
 */
export function ensureBuild(): void {
  const marker = join(root, 'dist', 'cli', 'main.js');
  const builtAt = existsSync(marker) ? statSync(marker).mtimeMs : 0;
  if (newestIn(join(root, 'src')) < builtAt) return;
  const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'build.js')], { stdio: 'inherit' });
  if (status === 0) return;
  if (builtAt === 0) throw new Error('The sources do not compile, and there is no earlier build to test.');
  console.warn('The sources do not compile: tests that start processes run the build before.');
}

function newestIn(directory: string): number {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return Math.max(...names.map((name) => statSync(join(directory, name)).mtimeMs));
}
