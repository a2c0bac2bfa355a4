import { createRequire, register } from 'node:module';
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';

/** How ES modules are intercepted. */
export type EsmHook = 'none' | 'in the main thread' | 'in a thread of its own';

/** Told of an ES module by the name that instrumentations know it by. Its exports can be set. */
export type EsmListener = (exports: unknown, name: string, directory: string | undefined) => unknown;

/** Told of an ES module that is a file of the program. */
export type EsmFileListener = (exports: unknown, path: string) => void;

/** Files of the program that are intercepted too. */
export interface EsmFiles {
  /** Their URLs. */
  readonly urls: readonly RegExp[];
  readonly listener: EsmFileListener;
}

/** The slice of `import-in-the-middle` that is used. */
interface ImportInTheMiddle {
  readonly Hook: {
    new (names: readonly string[], options: { internals: boolean }, listener: EsmListener): unknown;
    new (listener: EsmListener): unknown;
  };
}

interface SyncHooks {
  supportsSyncHooks(): boolean;
  register(options: { include: readonly (string | RegExp)[] }): void;
}

/**
 * Intercepts these packages where they are ES modules, and nothing else: every module that goes through the hook is wrapped. In the main
 * thread where Node.js can do that well; before 22.22.3 and 24.11.1 it needs a thread of its own, some 50 ms of the start.
 */
export function hookEsModules(names: readonly string[], listener: EsmListener, files: EsmFiles = noFiles): EsmHook {
  const include = [...names, ...files.urls];
  if (include.length === 0) return 'none';
  // That of the instrumentations: the state of the hook is that of one copy.
  const fromHttp = createRequire(createRequire(import.meta.url).resolve('@opentelemetry/instrumentation-http'));
  const require = createRequire(fromHttp.resolve('@opentelemetry/instrumentation'));
  const { Hook } = require('import-in-the-middle') as ImportInTheMiddle;
  const isSync = registerSyncHooks(require, include);
  if (!isSync) {
    const hook = pathToFileURL(require.resolve('import-in-the-middle/hook.mjs')).href;
    register(hook, { parentURL: import.meta.url, data: { include } });
  }
  if (names.length > 0) new Hook(names, { internals: true }, listener);
  if (files.urls.length > 0) hookFiles(Hook, files);
  return isSync ? 'in the main thread' : 'in a thread of its own';
}

const noFiles: EsmFiles = { urls: [], listener: () => {} };

/** A hook without names is told of everything that goes through; the files of the program are known by their path. */
function hookFiles(Hook: ImportInTheMiddle['Hook'], { listener }: EsmFiles): void {
  new Hook((exports, name) => {
    if (isAbsolute(name)) listener(exports, name);
  });
}

function registerSyncHooks(require: NodeJS.Require, include: readonly (string | RegExp)[]): boolean {
  try {
    // A module without imports of its own: asking costs nothing where the answer is no.
    const { supportsSyncHooks } = require('import-in-the-middle/supports-sync-hooks.mjs') as SyncHooks;
    if (!supportsSyncHooks()) return false;
    (require('import-in-the-middle/register-hooks.mjs') as SyncHooks).register({ include });
    return true;
  } catch {
    // Versions before 3.6 have no such file.
    return false;
  }
}
