// Compiles src/, copies the SQL migrations beside the code that reads them, and bundles what programs load. dist/ is replaced when all is
// there, so that a build that fails, or one that runs beside a program, leaves a whole dist/.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');

const made = join(root, `dist.${process.pid}.new`);
const old = join(root, `dist.${process.pid}.old`);
const compiled = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', made], {
  stdio: 'inherit',
});
if (compiled.status !== 0) {
  rmSync(made, { recursive: true, force: true });
  process.exit(compiled.status ?? 1);
}
cpSync(join(root, 'src', 'shipping', 'migrations'), join(made, 'shipping', 'migrations'), { recursive: true });
chmodSync(join(made, 'cli', 'main.js'), 0o755);
await bundle(made);
try {
  renameSync(join(root, 'dist'), old);
} catch (error) {
  if (error.code !== 'ENOENT') throw error;
}
renameSync(made, join(root, 'dist'));
rmSync(old, { recursive: true, force: true });

// So that `npx spanledger` here runs what was just built, as it does in a project that has installed the package.
const bin = join(root, 'node_modules', '.bin', 'spanledger');
if (process.platform !== 'win32' && existsSync(dirname(bin)) && !existsSync(bin)) {
  rmSync(bin, { force: true });
  symlinkSync(join('..', '..', 'dist', 'cli', 'main.js'), bin);
}
