// A package of npm that brings a program, in a folder of its own.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Installs the newest release of a major version into a folder, runs none of its scripts, and answers where the package is. */
export function installNewest(folder, name, major) {
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error'];
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
  run('npm', ['install', ...flags, `${name}@${newestOf(name, major)}`], { cwd: folder });
  return join(folder, 'node_modules', name);
}

/** Some have betas alone, so no range finds them. */
function newestOf(name, major) {
  const versions = JSON.parse(run('npm', ['view', name, 'versions', '--json'], {}).stdout);
  const newest = versions
    .filter((version) => version.startsWith(`${major}.`))
    .sort((one, other) => one.localeCompare(other, 'en', { numeric: true }))
    .at(-1);
  if (newest === undefined) throw new Error(`${name} has no version ${major}.`);
  return newest;
}

/** Runs a program to its end, and throws with what it says when it fails. */
export function run(program, parameters, { mayFail = false, ...options }) {
  const done = spawnSync(program, parameters, { encoding: 'utf8', ...options });
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0 && !mayFail) throw new Error(`${program} ${parameters.join(' ')} failed: ${done.stderr}`);
  return done;
}
