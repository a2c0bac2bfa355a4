import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';

/** A file of an installed package. */
export interface PackageFile {
  /** Name of the package, with its scope. */
  readonly name: string;
  /** Directory of the package. */
  readonly directory: string;
  /** Path of the file. */
  readonly path: string;
}

const installed = `${sep}node_modules${sep}`;

/** The package that a file belongs to; `undefined` for the files of the program itself. */
export function packageFileOf(path: string): PackageFile | undefined {
  const at = path.lastIndexOf(installed);
  if (at < 0) return undefined;
  const start = at + installed.length;
  const first = path.indexOf(sep, start);
  const end = path[start] === '@' ? path.indexOf(sep, first + 1) : first;
  if (end < 0) return undefined;
  return { name: path.slice(start, end).replaceAll(sep, '/'), directory: path.slice(0, end), path };
}

const versions = new Map<string, string | undefined>();

/** Version of the package in a directory. */
export function packageVersionIn(directory: string): string | undefined {
  if (!versions.has(directory)) versions.set(directory, readVersion(directory));
  return versions.get(directory);
}

function readVersion(directory: string): string | undefined {
  try {
    const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { version?: unknown };
    return typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The name by which instrumentations know a file: that of the package for its main file, `name/lib/file.js` for any other.
 */
export function moduleNameOf({ name, directory, path }: PackageFile): string {
  return path === mainFileOf(name, directory) ? name : name + path.slice(directory.length);
}

const mainFiles = new Map<string, string | undefined>();

function mainFileOf(name: string, directory: string): string | undefined {
  if (!mainFiles.has(directory)) {
    // Under another name than its own it is found by its directory.
    const asked = directory.endsWith(join(sep, name)) ? name : directory;
    mainFiles.set(directory, resolveFrom(join(directory, 'package.json'), asked) ?? importedFileOf(directory));
  }
  return mainFiles.get(directory);
}

/** What `import` of a package finds where `require` finds nothing. */
function importedFileOf(directory: string): string | undefined {
  try {
    const { exports } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { exports?: unknown };
    const target = targetOf(exports);
    return target === undefined ? undefined : join(directory, target);
  } catch {
    return undefined;
  }
}

function targetOf(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports;
  if (typeof exports !== 'object' || exports === null) return undefined;
  const { '.': main, node, import: imported, default: fallback } = exports as Readonly<Record<string, unknown>>;
  return targetOf(main) ?? targetOf(node) ?? targetOf(imported) ?? targetOf(fallback);
}

/** The file that a package name means to the file at `place`; `undefined` where there is none. */
export function resolveFrom(place: string, name: string): string | undefined {
  try {
    return createRequire(place).resolve(name);
  } catch {
    return undefined;
  }
}
