import { createRequire, register } from 'node:module';
import { pathToFileURL } from 'node:url';

/** How ES modules are intercepted. */
export type EsmHook = 'none' | 'in the main thread' | 'in a thread of its own';

/** Told of an ES module by the name that instrumentations know it by. Its exports can be set. */
export type EsmListener = (exports: unknown, name: string, directory: string | undefined) => unknown;

/** The slice of `import-in-the-middle` that is used. */
interface ImportInTheMiddle {
  readonly Hook: new (names: readonly string[], options: { internals: boolean }, listener: EsmListener) => unknown;
}

interface SyncHooks {
  supportsSyncHooks(): boolean;
  register(options: { include: readonly string[] }): void;
}

/**
 * Intercepts these packages where they are ES modules, and nothing else: every module that goes through the hook is wrapped. In the main
 * thread where Node.js can do that well; before 22.22.3 and 24.11.1 it needs a thread of its own, some 50 ms of the start.
 */
export function hookEsModules(names: readonly string[], listener: EsmListener): EsmHook {
  if (names.length === 0) return 'none';
  // That of the instrumentations: the state of the hook is that of one copy.
  const fromHttp = createRequire(createRequire(import.meta.url).resolve('@opentelemetry/instrumentation-http'));
  const require = createRequire(fromHttp.resolve('@opentelemetry/instrumentation'));
  const { Hook } = require('import-in-the-middle') as ImportInTheMiddle;
  const isSync = registerSyncHooks(require, names);
  if (!isSync) {
    const hook = pathToFileURL(require.resolve('import-in-the-middle/hook.mjs')).href;
    register(hook, { parentURL: import.meta.url, data: { include: [...names] } });
  }
  new Hook(names, { internals: true }, listener);
  return isSync ? 'in the main thread' : 'in a thread of its own';
}

function registerSyncHooks(require: NodeJS.Require, names: readonly string[]): boolean {
  try {
    // A module without imports of its own: asking costs nothing where the answer is no.
    const { supportsSyncHooks } = require('import-in-the-middle/supports-sync-hooks.mjs') as SyncHooks;
    if (!supportsSyncHooks()) return false;
    (require('import-in-the-middle/register-hooks.mjs') as SyncHooks).register({ include: [...names] });
    return true;
  } catch {
    // Versions before 3.6 have no such file.
    return false;
  }
}
