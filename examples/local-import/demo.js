// @ts-check
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const importer = 'examples/local-import/main.js';

// Real files that every installation has: what the third-party packages say of themselves. Many licences are the same.
const documents = ['licen?e*', 'package.json', '*.md', '*.d.ts'];
const maxFiles = 3000;

/** @param {string | undefined} folder */
function inputOf(folder) {
  if (folder !== undefined) return [resolve(process.env.INIT_CWD ?? '', folder)];
  return ['node_modules', '--limit', String(maxFiles), ...documents.flatMap((pattern) => ['--include', pattern])];
}

if (!existsSync(join(root, 'dist/register/register.js'))) {
  process.stderr.write('spanledger is not built yet: run `npm run build`.\n');
  process.exit(2);
}
const [folder, ...more] = process.argv.slice(2);
const child = spawn(process.execPath, ['--import', 'spanledger/register', importer, ...inputOf(folder), ...more], {
  cwd: root,
  env: { OTEL_SERVICE_NAME: 'local-import', ...process.env },
  stdio: 'inherit',
});
// Ctrl-C reaches the importer as well: this process only waits for how it ends.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
const [code, signal] = await once(child, 'exit');
process.exitCode = signal === null ? code : 1;

// A database is shipped to while the import runs. The embedded one is loaded by whoever asks first: better now than then.
if (!process.env.DATABASE_URL && !process.env.SPANLEDGER_DATABASE_URL) {
  const load = spawn(process.execPath, ['dist/cli/main.js', 'ship'], { cwd: root, stdio: 'inherit' });
  await once(load, 'exit');
}
