// Lints beside building and checking the types, which needs what was built. What a step says is printed when it ends, so that the
// steps do not talk into each other.
import { spawn } from 'node:child_process';

/** Runs a script of package.json to its end, and answers whether it went well. */
function run(name) {
  const child = spawn('npm', ['run', '--silent', name], { shell: process.platform === 'win32' });
  const written = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => written.push(bytes));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      process.stdout.write(`${name}: ${code === 0 ? 'ok' : `ended with ${code}`}\n`);
      process.stdout.write(Buffer.concat(written));
      resolve(code === 0);
    });
  });
}

const results = await Promise.all([run('lint'), run('build').then((isBuilt) => isBuilt && run('types'))]);
process.exitCode = results.every(Boolean) ? 0 : 1;
