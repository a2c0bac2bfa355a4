import Module from 'node:module';

/** The hook that every copy of `@opentelemetry/instrumentation` sets on `require` when its first instrumentation is made. */
interface RequireHook {
  register(name: string, onRequire: unknown): unknown;
  _initialize(): void;
}

interface Hooked {
  readonly _requireInTheMiddleSingleton?: Partial<RequireHook>;
}

/**
 * Makes an instrumentation without the hook on `require` that comes with it: that one looks up every file of the program a second time, as
 * much as all of our own start, and nothing of ours is registered with it. When somebody registers, the program's own
 * instrumentations for one, it is set after all.
 */
export function withoutRequireHook<T extends object>(make: () => T): T {
  const host = Module as unknown as { readonly prototype: { require: unknown } };
  const before = { require: host.prototype.require, getBuiltinModule: process.getBuiltinModule };
  const made = make();
  const hook = (made as Hooked)._requireInTheMiddleSingleton;
  if (host.prototype.require === before.require || !isRequireHook(hook)) return made;
  host.prototype.require = before.require;
  process.getBuiltinModule = before.getBuiltinModule;
  const register = hook.register;
  hook.register = (name, onRequire) => {
    hook.register = register;
    hook._initialize();
    return register.call(hook, name, onRequire);
  };
  return made;
}

function isRequireHook(hook: Partial<RequireHook> | undefined): hook is RequireHook {
  return typeof hook?.register === 'function' && typeof hook._initialize === 'function';
}
