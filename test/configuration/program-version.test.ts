import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { programVersion, revisionVariables, toldOrFound } from '../../src/configuration/program-version.ts';

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'spanledger-version-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

function write(path: string, text: string): string {
  const file = join(place, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const git = (directory: string, ...words: string[]): string =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...words], { cwd: directory, encoding: 'utf8' });

/** A checkout with one commit. */
function checkOut(name: string): { readonly main: string; readonly commit: string; readonly directory: string } {
  const main = write(`${name}/src/main.js`, '');
  write(`${name}/package.json`, '{"version":"1.4.0"}');
  const directory = join(place, name);
  git(directory, 'init', '--quiet', '--initial-branch', 'trunk');
  git(directory, 'add', '.');
  git(directory, 'commit', '--quiet', '--message', 'first');
  return { main, directory, commit: git(directory, 'rev-parse', 'HEAD').trim() };
}

describe('programVersion', () => {
  it('S2.5 takes the version of the nearest package.json that has one', () => {
    write('app/package.json', '{"version":"2.0.1"}');
    write('app/dist/package.json', '{"type":"module"}');
    expect(programVersion({}, write('app/dist/main.js', ''))).toEqual({ version: '2.0.1' });
  });

  it('takes that of an installed program through the link to it, and not the commit of who has installed it', () => {
    const { directory } = checkOut('host');
    write('host/node_modules/tool/package.json', '{"version":"3.1.0"}');
    const main = write('host/node_modules/tool/bin.js', '');
    const link = join(directory, 'node_modules', 'tool-link');
    symlinkSync(main, link);
    expect(programVersion({}, link)).toEqual({ version: '3.1.0' });
  });

  it('takes the commit that is checked out: of a branch, packed, detached, and of a worktree', () => {
    const { main, directory, commit } = checkOut('app');
    const expected = { version: '1.4.0', revision: commit };
    expect(programVersion({}, main)).toEqual(expected);
    git(directory, 'pack-refs', '--all');
    expect(programVersion({}, main)).toEqual(expected);
    git(directory, 'worktree', 'add', '--quiet', join(place, 'tree'), '-b', 'side');
    expect(programVersion({}, join(place, 'tree', 'src', 'main.js'))).toEqual(expected);
    git(directory, 'checkout', '--quiet', '--detach');
    expect(programVersion({}, main)).toEqual(expected);
  });

  it.each(revisionVariables)('takes the commit that the platform tells in %s before that of the checkout', (name) => {
    const { main } = checkOut('app');
    const revision = '0123456789abcdef0123456789abcdef01234567';
    expect(programVersion({ [name]: revision }, main)).toEqual({ version: '1.4.0', revision });
    expect(programVersion({ [name]: 'main' }, main).revision).not.toBe('main');
  });

  it.each([
    ['no main file', ''],
    ['a main file that is not there, as of node --eval', 'no-such-file'],
  ])('knows nothing of %s', (_what, main) => {
    expect(programVersion({}, main)).toEqual({});
  });
});

it('takes what a service says of itself before what was found, and only what a line can hold', () => {
  const found = { version: '1.0.0', revision: 'abcdef0' };
  expect(toldOrFound({ version: '2.0.0' }, found)).toEqual({ version: '2.0.0', revision: 'abcdef0' });
  expect(toldOrFound({ version: 'a\u0000b', revision: 7 }, found)).toEqual(found);
  expect(toldOrFound({ version: '' }, { version: 'x'.repeat(200) })).toEqual({});
});
