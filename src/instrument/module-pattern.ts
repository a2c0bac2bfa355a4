import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type PackageFile, packageFileOf } from './package-file.ts';

/** Which modules a rule is about: files of the program, or a package. */
export type ModulePattern = FilePattern | PackagePattern;

export interface FilePattern {
  readonly kind: 'file';
  readonly text: string;
  /** Matches the absolute path of a file, with slashes. */
  readonly path: RegExp;
  /** Matches the URL of a file. */
  readonly url: RegExp;
  /** The one file that is meant, with or without its extension; `undefined` where many are. */
  readonly one: string | undefined;
}

export interface PackagePattern {
  readonly kind: 'package';
  readonly text: string;
  readonly name: string;
  /** Path within the package, such as `lib/queue.js`; its main module without one. */
  readonly subpath: RegExp | undefined;
  readonly installed: boolean;
  /** Its directory, where `node_modules` has but a link to it, as workspaces do. */
  readonly linked: string | undefined;
  /** Names of the packages that are installed beside it. */
  neighbours(): readonly string[];
}

const packageName = /^(@[a-z0-9~-][\w.~-]*\/)?[a-z0-9~-][\w.~-]*(?=$|\/)/i;

/**
 * Paths begin with `./`, `../` or `/`, and may have `*`, `**`, `?` and `{a,b}`; without an extension any will do. Whatever begins otherwise is a
 * package, with a path within it or without.
 * @param directory that paths are relative to
 */
export function parseModulePattern(text: string, directory: string): ModulePattern | { readonly why: string } {
  if (/^\.{1,2}\//.test(text) || isAbsolute(text)) return filePattern(text, directory);
  const name = packageName.exec(text)?.[0];
  if (name === undefined || /[*?{}]/.test(name)) {
    return { why: `${text} is neither a path that begins with ./ nor the name of a package` };
  }
  const rest = text.slice(name.length + 1);
  const subpath = rest === '' ? undefined : new RegExp(`^${globSource(rest, (part) => part)}${anyExtension(rest)}$`);
  const [place] = installationsOf(name, directory);
  const real = place === undefined ? undefined : realPath(place);
  return {
    kind: 'package',
    text,
    name,
    subpath,
    installed: place !== undefined,
    linked: real === undefined || packageFileOf(join(real, 'package.json')) !== undefined ? undefined : real,
    neighbours: () => modulePlaces(directory).flatMap(packagesIn),
  };
}

/** Directories of a package as the files of that directory find it, the nearest first. */
function installationsOf(name: string, directory: string): readonly string[] {
  return modulePlaces(directory)
    .map((place) => join(place, name))
    .filter((place) => existsSync(place));
}

function modulePlaces(directory: string): readonly string[] {
  const parent = dirname(directory);
  return [join(directory, 'node_modules'), ...(parent === directory ? [] : modulePlaces(parent))];
}

function packagesIn(place: string): readonly string[] {
  if (!existsSync(place)) return [];
  return readdirSync(place).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(place, name)).map((one) => `${name}/${one}`) : [name],
  );
}

/** The package that a file belongs to by a link in `node_modules`. */
export function linkedPackageOf(patterns: readonly ModulePattern[], path: string): PackageFile | undefined {
  for (const pattern of patterns) {
    if (pattern.kind !== 'package' || pattern.linked === undefined) continue;
    if (path.startsWith(pattern.linked + sep)) return { name: pattern.name, directory: pattern.linked, path };
  }
  return undefined;
}

function filePattern(text: string, directory: string): FilePattern {
  const full = resolve(realPath(directory), text);
  const glob = full.split(sep).join('/');
  const extension = anyExtension(glob);
  const url = pathToFileURL(sep).href.slice(0, -1);
  return {
    kind: 'file',
    text,
    path: new RegExp(`^${globSource(glob, (part) => part)}${extension}$`),
    url: new RegExp(`^${literal(url)}${globSource(glob.replace(/^[A-Za-z]:/, ''), encodeURI)}${extension}(?:[?#].*)?$`),
    one: /[*?{}]/.test(glob) ? undefined : full,
  };
}

/** What Node.js or a compiler finds under a path without an extension. */
function anyExtension(glob: string): string {
  return /\.[cm]?[jt]sx?$|[*}]$/.test(glob) ? '' : String.raw`(?:(?:/index)?\.[cm]?[jt]sx?)?`;
}

function globSource(glob: string, encode: (text: string) => string): string {
  return glob
    .split(/(\*\*\/?|\*|\?|\{[^{}]*\})/)
    .map((part) => {
      if (part === '**/') return '(?:.*/)?';
      if (part === '**') return '.*';
      if (part === '*') return '[^/]*';
      if (part === '?') return '[^/]';
      if (/^\{.*\}$/.test(part))
        return `(?:${part
          .slice(1, -1)
          .split(',')
          .map((one) => literal(encode(one)))
          .join('|')})`;
      return literal(encode(part));
    })
    .join('');
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Whether a file of the program is meant. @param path absolute */
export function isFileOf(pattern: ModulePattern, path: string): boolean {
  return pattern.kind === 'file' && pattern.path.test(path.split(sep).join('/'));
}

/** Whether a module of a package is meant. @param name as instrumentations know it: `pkg`, or `pkg/lib/file.js` */
export function isModuleOf(pattern: ModulePattern, name: string): boolean {
  if (pattern.kind === 'file') return false;
  if (pattern.subpath === undefined) return name === pattern.name;
  const prefix = `${pattern.name}/`;
  const slashed = name.split(sep).join('/');
  return slashed.startsWith(prefix) && pattern.subpath.test(slashed.slice(prefix.length));
}
