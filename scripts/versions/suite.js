// Tests, run beside another version of what they stand on.
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './package.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
// A machine that is busy is no fault of a version.
const patience = ['--testTimeout=180000', '--hookTimeout=180000'];

/**
 * Tests against each version, and the counts of each; the exit code says whether all passed.
 * @param {readonly string[]} majors
 * @param {(scratch: string, major: string) => { version: string, node?: string, env: Record<string, string> }} prepare Gets an empty folder.
 * @param {readonly string[]} paths Test files; empty for all.
 */
export function testAll(majors, prepare, paths) {
  const results = majors.map((major) => test(major, prepare, paths));
  process.exitCode = results.every(({ failed, passed }) => failed === 0 && passed > 0) ? 0 : 1;
  return results;
}

function test(major, prepare, paths) {
  const scratch = mkdtempSync(join(tmpdir(), `spanledger-version-${major}-`));
  try {
    // A server's user is another one than ours where we are root.
    chmodSync(scratch, 0o755);
    const { version, node = process.execPath, env } = prepare(scratch, major);
    if (version.split('.')[0] !== major) throw new Error(`npm gave ${version} for ${major}.`);
    const report = join(scratch, 'report.json');
    const begin = performance.now();
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const output = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const options = { cwd: root, stdio: 'inherit', env: { ...process.env, ...env }, mayFail: true };
    run(node, [vitest, 'run', ...paths, ...patience, ...output], options);
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'));
    const seconds = Math.round((performance.now() - begin) / 1000);
    return { version, passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests, seconds };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
