import { isOwned } from './event-context.ts';
import type { InstrumentationEntry } from './instrumentation-table.ts';
import type { PatchOutcome } from './patcher.ts';
import { enterMount, enterRoute, joined, placeOf, type RoutePlace } from './route-place.ts';

/** The slice of h3 that is patched: of version 1 the functions that make apps and routers, of version 2 the class of apps. */
interface H3Module {
  createApp?: (...args: unknown[]) => App;
  createRouter?: (...args: unknown[]) => Router;
  useBase?: (base: unknown, handler: unknown) => unknown;
  readonly H3?: { readonly prototype: AppPrototype };
}

interface App {
  use: (...args: unknown[]) => unknown;
  readonly stack: readonly Layer[];
}

interface Layer {
  readonly route: string;
  handler: Handler;
}

interface Router {
  add: (path: unknown, handler: unknown, ...rest: unknown[]) => unknown;
  use: unknown;
}

type Handler = (event: Event1) => unknown;

/** Of version 1. */
interface Event1 {
  readonly node?: { readonly req?: object };
  readonly handled?: boolean;
}

/** Learns of the routes that requests reach, with the paths of what is around. */
export const h3Patch: NonNullable<InstrumentationEntry['patch']> = ({ exports, name }) => {
  if (name !== 'h3') return 'none';
  const h3 = exports as H3Module;
  return h3.H3 === undefined ? watchFunctions(h3) : watchClass(h3.H3.prototype);
};

function watchFunctions(h3: H3Module): PatchOutcome['result'] {
  const { createApp, createRouter, useBase } = h3;
  if (createApp === undefined || createRouter === undefined || useBase === undefined) return 'unsupported';
  h3.createApp = made(createApp, (app) => {
    const { use } = app;
    app.use = (...args) => {
      const { length } = app.stack;
      const result = use(...args);
      for (const layer of app.stack.slice(length)) {
        if (layer.route.length > 1) layer.handler = followed(layer.handler, layer.route, enterMount);
      }
      return result;
    };
  });
  h3.createRouter = made(createRouter, (router) => {
    const { add } = router;
    router.add = (path, handler, ...rest) => add(path, followedIf(handler, String(path), enterRoute), ...rest);
    router.use = router.add;
  });
  h3.useBase = (base, handler) => useBase(base, followedIf(handler, String(base).replace(/\/$/, ''), enterBase));
  return 'patched';
}

function made<T>(make: (...args: unknown[]) => T, watch: (one: T) => void): (...args: unknown[]) => T {
  return new Proxy(make, {
    apply(target, self, args: unknown[]) {
      const one = Reflect.apply(target, self, args) as T;
      watch(one);
      return one;
    },
  });
}

/** Takes a path away, and is no route itself. */
function enterBase(at: RoutePlace, path: string): void {
  at.mount = joined(at.mount, path);
}

function followedIf(handler: unknown, path: string, enter: typeof enterMount): unknown {
  return typeof handler === 'function' ? followed(handler as Handler, path, enter) : handler;
}

/** What answers nothing passes the request on. A handler has members that h3 reads. */
function followed(handler: Handler, path: string, enter: typeof enterMount): Handler {
  return new Proxy(handler, {
    apply(handle, self, args: [Event1]) {
      const [event] = args;
      const request = event.node?.req;
      if (request === undefined || !isOwned(request)) return Reflect.apply(handle, self, args);
      const at = placeOf(request);
      const { mount, route } = at;
      enter(at, path);
      const passed = () => Object.assign(at, { mount, route });
      const result: unknown = Reflect.apply(handle, self, args);
      if (result instanceof Promise) result.then((value) => isAnswered(value, event) || passed(), ignore);
      else if (!isAnswered(result, event)) passed();
      return result;
    },
  });
}

function isAnswered(value: unknown, { handled }: Event1): boolean {
  return value !== undefined || handled === true;
}

function ignore(): void {}

/** The slice of an app of version 2. */
interface AppPrototype {
  '~findRoute'?: (this: unknown, event: Event2) => Match | undefined;
}

interface Event2 {
  readonly url?: { readonly pathname?: string };
  readonly req?: { readonly runtime?: { readonly node?: { readonly req?: object } } };
}

interface Match {
  readonly data?: { readonly route?: unknown };
}

function watchClass(apps: AppPrototype): PatchOutcome['result'] {
  const find = apps['~findRoute'];
  if (find === undefined) return 'unsupported';
  const seen: typeof find = function (event) {
    const match = find.call(this, event);
    const request = event.req?.runtime?.node?.req;
    const route = match?.data?.route;
    if (typeof route === 'string' && request !== undefined && isOwned(request)) reach(request, route, event);
    return match;
  };
  apps['~findRoute'] = Object.defineProperty(seen, 'name', { value: find.name });
  return 'patched';
}

const paths = new WeakMap<RoutePlace, string>();

/** An app within an app, mounted by its `fetch`, is asked for what follows its path. */
function reach(request: object, route: string, { url }: Event2): void {
  const at = placeOf(request);
  const path = url?.pathname ?? '';
  const before = paths.get(at);
  if (before !== undefined && before !== path && before.endsWith(path))
    at.mount = (at.route ?? '').replace(/\/\*\*$/, '');
  paths.set(at, path);
  enterRoute(at, route);
}
