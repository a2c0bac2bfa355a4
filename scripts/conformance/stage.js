// A folder in which a library is installed as its users install it, with its tests beside it.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param {import('./suites.js').Suite} suite
 * @param {string} directory that exists and is empty
 * @param {string} git address of a repository, with {owner} and {name} in it
 * @returns {string} the folder of the library
 */
export function stage(suite, directory, git) {
  const dependencies = { [suite.package]: suite.version, ...suite.needs };
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ private: true, dependencies }));
  // What a test needs may ask for another version of the library than the one that is tested.
  const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--legacy-peer-deps', '--loglevel=error'];
  run('npm', ['install', ...quietly], directory);
  const library = join(directory, 'node_modules', suite.package);
  if (suite.tests !== undefined) addTests(suite.tests, { library, directory, git });
  return library;
}

/** @param {NonNullable<import('./suites.js').Suite['tests']>} tests @param {{ library: string, directory: string, git: string }} places */
function addTests({ repository, tag, folder = '.', paths }, { library, directory, git }) {
  const [owner = '', name = ''] = repository.split('/');
  const address = git.replaceAll('{owner}', owner).replaceAll('{name}', name);
  const clone = join(directory, 'source');
  mkdirSync(clone);
  run(
    'git',
    ['-c', 'advice.detachedHead=false', 'clone', '--quiet', '--depth=1', '--branch', tag, address, clone],
    directory,
  );
  for (const path of paths) cpSync(join(clone, folder, path), join(library, path), { recursive: true });
}

/** @param {string} command @param {readonly string[]} argv @param {string} cwd */
function run(command, argv, cwd) {
  const { status, stderr } = spawnSync(command, argv, { cwd, encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0) throw new Error(`${command} ${argv.join(' ')} ended with ${status}: ${stderr}`);
}
