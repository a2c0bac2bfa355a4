import { isOwned } from './event-context.ts';
import type { InstrumentationEntry } from './instrumentation-table.ts';
import type { PatchOutcome } from './patcher.ts';
import { enterMount, enterRoute, followed, type LayerHandler, placeOf } from './route-place.ts';

/** The slice of Polka that is patched, versions 0.5 and 1: the class of its apps. */
interface PolkaApp {
  add(this: PolkaApp, method: unknown, pattern: unknown, ...handlers: unknown[]): unknown;
  use(this: PolkaApp, base: unknown, ...handlers: unknown[]): unknown;
  /** Version 0.5: apps by the path under which they are mounted. */
  readonly apps?: Record<string, MountedApp | undefined>;
}

interface MountedApp {
  /** Version 1. */
  readonly attach?: unknown;
  readonly handler: (this: unknown, request: object, ...rest: unknown[]) => unknown;
}

type PolkaClass = Pick<PolkaApp, 'add' | 'use'>;

/** Learns of the routes that requests reach, with the paths of the apps around. */
export const polkaPatch: NonNullable<InstrumentationEntry['patch']> = ({ exports, name }) => {
  if (name !== 'polka') return 'none';
  const make = typeof exports === 'function' ? exports : (exports as { readonly default?: unknown }).default;
  // The class is not exported. An app that does not listen is an object and nothing else.
  return typeof make === 'function' ? watchApps(Object.getPrototypeOf(make()) as Partial<PolkaClass>) : 'unsupported';
};

function watchApps(polka: Partial<PolkaClass>): PatchOutcome['result'] {
  const { add, use } = polka;
  if (add === undefined || use === undefined) return 'unsupported';
  define(polka, 'add', function (this: PolkaApp, method, pattern, ...handlers) {
    return add.call(this, method, pattern, ...allFollowed(handlers, pathOf(pattern), enterRoute));
  } satisfies PolkaApp['add']);
  define(polka, 'use', function (this: PolkaApp, base, ...handlers) {
    const isMounted = (typeof base === 'string' && base !== '/') || base instanceof RegExp;
    if (!isMounted) return use.call(this, base, ...handlers);
    const path = pathOf(base);
    const result = use.call(this, base, ...allFollowed(handlers, path, enterMount));
    const app = this.apps?.[path];
    if (this.apps !== undefined && app !== undefined) this.apps[path] = mounted(app, path);
    return result;
  } satisfies PolkaApp['use']);
  return 'patched';
}

function define(polka: object, name: string, value: object): void {
  Object.defineProperty(value, 'name', { value: name });
  Object.defineProperty(polka, name, { value, writable: true, configurable: true, enumerable: false });
}

/** A leading slash may be left out. */
function pathOf(pattern: unknown): string {
  const text = String(pattern);
  return pattern instanceof RegExp || text.startsWith('/') ? text : `/${text}`;
}

/** Version 1 takes lists of them as well, and of an app the function that attaches it. */
function allFollowed(handlers: readonly unknown[], path: string, enter: typeof enterMount): unknown[] {
  return handlers.map((one) => {
    if (Array.isArray(one)) return allFollowed(one, path, enter);
    const handler = typeof one === 'function' ? one : (one as Partial<MountedApp> | undefined)?.attach;
    return typeof handler === 'function' ? followed(handler as LayerHandler, path, enter) : one;
  });
}

/** Such an app answers whatever reaches it. */
function mounted(app: MountedApp, path: string): MountedApp {
  const handler: MountedApp['handler'] = function (request, ...rest) {
    if (isOwned(request)) enterMount(placeOf(request), path);
    return app.handler.call(this, request, ...rest);
  };
  return Object.create(app, { handler: { value: handler } }) as MountedApp;
}
