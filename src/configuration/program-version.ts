import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { type Environment, environmentValue } from './environment.ts';

/** Which code a program runs, as far as something says so. */
export interface ProgramVersion {
  /** What `package.json` calls it: `1.4.0`. */
  readonly version?: string;
  /** Commit from which it was taken, in full. */
  readonly revision?: string;
}

/**
 * The version of the program whose main file this is: the nearest `package.json` above it that has one. The revision is what the
 * platform says it has deployed, else what is checked out where the program lies; changes that are not committed do not show in it. Some
 * small files are read, once.
 */
export function programVersion(
  environment: Environment,
  mainFile: string | undefined = process.argv[1],
): ProgramVersion {
  const file = realFile(mainFile);
  const version = file && findAbove(file, packageVersion);
  const isInstalled = file?.includes(`${sep}node_modules${sep}`) ?? true;
  const revision =
    deployedRevision(environment) ?? (isInstalled ? undefined : file && findAbove(file, checkedOutRevision));
  return { ...(version !== undefined && { version }), ...(revision !== undefined && { revision }) };
}

/** What a service says of itself, and for what it does not say, what was found of its program. Only what a line can hold. */
export function toldOrFound(told: Told, found: ProgramVersion): ProgramVersion {
  const version = [told.version, found.version].find(isPlain);
  const revision = [told.revision, found.revision].find(isPlain);
  return { ...(version !== undefined && { version }), ...(revision !== undefined && { revision }) };
}

type Told = { readonly [K in keyof ProgramVersion]: unknown };

function isPlain(value: unknown): value is string {
  return typeof value === 'string' && /^[!-~]([ -~]{0,126}[!-~])?$/.test(value);
}

/** Variables in which platforms tell a running program its commit. */
export const revisionVariables = [
  'GIT_COMMIT',
  'GITHUB_SHA',
  'CI_COMMIT_SHA',
  'HEROKU_SLUG_COMMIT',
  'RENDER_GIT_COMMIT',
  'VERCEL_GIT_COMMIT_SHA',
  'RAILWAY_GIT_COMMIT_SHA',
] as const;

function deployedRevision(environment: Environment): string | undefined {
  const values = revisionVariables.map((name) => environmentValue(environment, name));
  return values.find((value) => value !== undefined && isRevision(value));
}

/** SHA-1 or SHA-256 in hex, whole or cut. */
function isRevision(text: string): boolean {
  return /^[0-9a-f]{7,64}$/.test(text);
}

/** A main file that cannot be found is that of `node --eval`, or of no program at all. */
function realFile(path: string | undefined): string | undefined {
  try {
    return path === undefined || path === '' ? undefined : realpathSync(path);
  } catch {
    return undefined;
  }
}

function findAbove(path: string, find: (directory: string) => string | undefined): string | undefined {
  const parent = dirname(path);
  return find(path) ?? (parent === path ? undefined : findAbove(parent, find));
}

function packageVersion(directory: string): string | undefined {
  try {
    const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { version?: unknown };
    return typeof version === 'string' && version !== '' ? version : undefined;
  } catch {
    return undefined;
  }
}

/** The commit of a checkout, read from its files: `HEAD` names a branch, and the branch a commit. */
function checkedOutRevision(directory: string): string | undefined {
  const git = gitDirectory(join(directory, '.git'));
  const head = git && readText(join(git, 'HEAD'));
  if (git === undefined || head === undefined) return undefined;
  const branch = /^ref: (refs\/\S+)$/.exec(head)?.[1];
  const revision = branch === undefined ? head : branchRevision(git, branch);
  return revision !== undefined && isRevision(revision) ? revision : undefined;
}

/** Worktrees and submodules have a file in its place, which says where it is. */
function gitDirectory(path: string): string | undefined {
  if (readText(join(path, 'HEAD')) !== undefined) return path;
  const place = /^gitdir: (.+)$/.exec(readText(path) ?? '')?.[1];
  return place && resolve(dirname(path), place);
}

function branchRevision(git: string, branch: string): string | undefined {
  // Worktrees share the branches of the checkout that they were made from.
  const common = resolve(git, readText(join(git, 'commondir')) ?? '.');
  return readText(join(common, branch)) ?? packedRevision(readText(join(common, 'packed-refs')) ?? '', branch);
}

function packedRevision(text: string, branch: string): string | undefined {
  const line = text.split('\n').find((one) => one.endsWith(` ${branch}`));
  return line?.split(' ')[0];
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
