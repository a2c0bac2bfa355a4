import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where packages are looked for: as the main module of the program would, as its working directory would, as spanledger would. */
export function lookupPlaces(main: string | undefined, directory: string): readonly string[] {
  // With --eval the first argument stands where the main module would.
  const program = main === undefined ? [] : [resolve(directory, realPath(main))];
  return [...program, join(directory, 'index.js'), fileURLToPath(import.meta.url)];
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Whether one of these places has a package installed, whatever it exports. */
export function isInstalled(name: string, places: readonly string[]): boolean {
  return places.some((place) =>
    (createRequire(place).resolve.paths(name) ?? []).some((directory) => existsSync(join(directory, name))),
  );
}

/** Names of the packages that the program itself asks for, in the package.json nearest to each place but our own. */
export function appDependencies(places: readonly string[]): readonly string[] {
  const names = manifestsOf(places).flatMap((manifest) =>
    Object.keys({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies }),
  );
  return [...new Set(names)];
}

/** Those of them that it needs where it runs. */
export function runtimeDependencies(places: readonly string[]): readonly string[] {
  return manifestsOf(places).flatMap(({ dependencies = {} }) => Object.keys(dependencies));
}

/** Packages that the program has installed under names of its own (`"web": "npm:express@5"`), by these names. */
export function packageAliases(places: readonly string[]): ReadonlyMap<string, string> {
  const ranges = manifestsOf(places).flatMap((manifest) =>
    Object.entries({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies }),
  );
  return new Map(
    ranges.flatMap(([alias, range]) => {
      const name = aliasRange.exec(String(range))?.[1];
      return name === undefined ? [] : [[alias, name] as const];
    }),
  );
}

const aliasRange = /^npm:((?:@[^/]+\/)?[^@/]+)/;

/** The package.json of a package that one of these places has installed. */
export function manifestOf(name: string, places: readonly string[]): Manifest | undefined {
  for (const place of places) {
    for (const directory of createRequire(place).resolve.paths(name) ?? []) {
      const file = join(directory, name, 'package.json');
      if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Manifest;
    }
  }
  return undefined;
}

function manifestsOf(places: readonly string[]): readonly Manifest[] {
  return places.slice(0, -1).flatMap((place) => manifestAbove(dirname(place)) ?? []);
}

function manifestAbove(directory: string): Manifest | undefined {
  const parent = dirname(directory);
  try {
    return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;
  } catch {
    return parent === directory ? undefined : manifestAbove(parent);
  }
}

/** The slice of a package.json that is read. */
export interface Manifest {
  readonly type?: unknown;
  readonly exports?: unknown;
  readonly dependencies?: object;
  readonly devDependencies?: object;
  readonly optionalDependencies?: object;
}
