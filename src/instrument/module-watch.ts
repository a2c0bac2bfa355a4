import Module, { isBuiltin } from 'node:module';
import { type PackageFile, packageFileOf } from './package-file.ts';

/** What is told of modules as they load. Whatever a listener returns takes the place of the exports. */
export interface ModuleListener {
  /** Names of packages that matter. */
  readonly packages: ReadonlySet<string>;
  /** Names of modules of Node.js that matter, without `node:`. */
  readonly builtins: ReadonlySet<string>;
  /** A file of such a package has been evaluated. */
  onFile(file: PackageFile, exports: unknown): unknown;
  /** Such a module of Node.js is asked for, each time it is. */
  onBuiltin(name: string, exports: unknown): void;
}

/** The slice of Node's module system that is watched. Tools have replaced these functions for ten years; they stay. */
interface Loader {
  _load(request: unknown, ...rest: unknown[]): unknown;
  readonly prototype: { _compile(content: unknown, filename: unknown, ...rest: unknown[]): unknown };
}

/**
 * Watches CommonJS modules while they load, also those that ES modules import: Node evaluates both through `Module.prototype._compile`,
 * which runs once for each file, before anybody has seen its exports. So nothing has to intercept `import`, nothing is resolved twice,
 * and a `require` of what is loaded already costs a look into a set. ES modules and what bundlers have put together are not seen.
 */
export function watchModules(listener: ModuleListener): void {
  watchFiles(listener.packages, (file, exports) => listener.onFile(file, exports));
  const loader = Module as unknown as Loader;
  const load = loader._load;
  loader._load = function (this: unknown, request, ...rest) {
    const exports = load.call(this, request, ...rest);
    const name = typeof request === 'string' ? builtinName(request) : '';
    if (listener.builtins.has(name)) listener.onBuiltin(name, exports);
    return exports;
  };
}

/** The part of {@link watchModules} that sees the files of packages. */
export function watchFiles(packages: ReadonlySet<string>, onFile: ModuleListener['onFile']): void {
  const loader = Module as unknown as Loader;
  const compile = loader.prototype._compile;
  loader.prototype._compile = function (this: LoadedModule, content, filename, ...rest) {
    const result = compile.call(this, content, filename, ...rest);
    const file = typeof filename === 'string' ? packageFileOf(filename) : undefined;
    if (file !== undefined && packages.has(file.name)) showExports(this, (exports) => onFile(file, exports));
    return result;
  };
}

/** Watches all CommonJS modules while they load, the files of the program included. @param onModule returns the exports that count */
export function watchAllFiles(onModule: (path: string, exports: unknown) => unknown): void {
  const loader = Module as unknown as Loader;
  const compile = loader.prototype._compile;
  loader.prototype._compile = function (this: LoadedModule, content, filename, ...rest) {
    const result = compile.call(this, content, filename, ...rest);
    if (typeof filename === 'string') showExports(this, (exports) => onModule(filename, exports));
    return result;
  };
}

interface LoadedModule {
  exports: unknown;
}

/** Exports that a module makes when they are asked for are not asked for, and those that stay the same are not set. */
function showExports(module: LoadedModule, replaced: (exports: unknown) => unknown): void {
  if (Object.getOwnPropertyDescriptor(module, 'exports')?.get !== undefined) return;
  const { exports } = module;
  const others = replaced(exports);
  if (others !== exports) module.exports = others;
}

function builtinName(request: string): string {
  return request.startsWith('node:') ? request.slice(5) : request;
}

/** Packages of which files are loaded already. */
export function loadedPackages(): readonly PackageFile[] {
  const cache = (Module as unknown as { readonly _cache?: Readonly<Record<string, unknown>> })._cache ?? {};
  const found = new Map<string, PackageFile>();
  for (const path of Object.keys(cache)) {
    const file = packageFileOf(path);
    if (file !== undefined && !found.has(file.directory)) found.set(file.directory, file);
  }
  return [...found.values()];
}

/** A file of a package, in each copy of it that is loaded already, with its exports. @param path within the package */
export function loadedFile(
  name: string,
  path: string,
): readonly { readonly file: PackageFile; readonly exports: unknown }[] {
  const cache = (Module as unknown as { readonly _cache?: Readonly<Record<string, { readonly exports: unknown }>> })
    ._cache;
  return Object.entries(cache ?? {}).flatMap(([key, module]) => {
    if (!key.endsWith(path)) return [];
    const file = packageFileOf(key);
    return file?.name === name ? [{ file, exports: module.exports }] : [];
  });
}

/** Whether a name is that of a module of Node.js. */
export function isBuiltinModule(name: string): boolean {
  return isBuiltin(name);
}
