import { linkFrameworkRequest, metadataHere } from './framework-request.ts';
import type { moduleNameOf } from './package-file.ts';
import { joined } from './route-place.ts';

/** The slice of Hono that is used, version 4. */
interface HonoRouter {
  add(method: string, path: string, entry: RouteEntry): void;
}

interface HonoApp {
  router: HonoRouter;
  all: Register;
  on: Register;
  mount: Register;
  basePath: Register;
}

type Register = (this: HonoApp, ...args: unknown[]) => unknown;

type Next = (...args: unknown[]) => unknown;

interface Handler {
  (this: unknown, context: HonoContext, next: Next, ...rest: unknown[]): unknown;
  /** Where an app within an app handles errors by itself: the handler that was registered there. */
  readonly __COMPOSED_HANDLER?: Handler;
}

/** What is registered for a route. Hono calls the first; it is the second that programs see. */
type RouteEntry = [handler: Handler, route: unknown];

interface HonoContext {
  /** Where Hono runs on `@hono/node-server`. */
  readonly env?: { readonly incoming?: object };
}

type HonoClass = new (...args: unknown[]) => HonoApp;

/** The file of Hono that has the class of which all its others are made. */
export const honoBaseUrl = /\/node_modules\/hono\/dist\/hono-base\.js$/;
const honoBaseName = /^hono[\\/]dist[\\/](?:cjs[\\/])?hono-base\.js$/;

/**
 * Tells the HTTP instrumentation the route of each request that Hono answers, whatever router it uses: by the handlers that an app
 * registers. What the program sees of its routes stays as it is. Returns the exports that take the place of those of the file.
 * @param name of the file, as {@link moduleNameOf} tells it
 */
export function withHonoRoutes(name: string, exports: unknown): unknown {
  if (!honoBaseName.test(name)) return exports;
  const { HonoBase } = exports as { readonly HonoBase?: HonoClass };
  return typeof HonoBase === 'function' ? Object.assign(exports as object, { HonoBase: followed(HonoBase) }) : exports;
}

/** The router of an app is set after the constructor of its base class: it is met when it is set. */
function followed(Hono: HonoClass): HonoClass {
  const Followed = class extends Hono {
    constructor(...args: unknown[]) {
      super(...args);
      followRegistering(this);
      let router: HonoRouter | undefined = this.router;
      Object.defineProperty(this, 'router', {
        configurable: true,
        enumerable: true,
        get: () => router,
        set: (value: HonoRouter) => {
          router = value;
          follow(value);
        },
      });
    }
  };
  Object.defineProperty(Followed, 'name', { value: Hono.name });
  const { mount, basePath } = Hono.prototype;
  define(
    Hono.prototype,
    'mount',
    registering(mount, ([, , options]) => (isStripped(options) ? 'mount' : 'route')),
  );
  // It makes another app, of the class that the file itself knows.
  define(Hono.prototype, 'basePath', function (this: HonoApp, ...args: unknown[]) {
    const app = basePath.apply(this, args) as HonoApp;
    followRegistering(app);
    return app;
  });
  return Followed;
}

function define(prototype: object, name: string, value: object): void {
  Object.defineProperty(value, 'name', { value: name });
  Object.defineProperty(prototype, name, { value, writable: true, configurable: true, enumerable: false });
}

function followRegistering(app: HonoApp): void {
  app.all = registering(app.all, () => 'route');
  app.on = registering(app.on, () => 'route');
}

/** Unless told otherwise, what is mounted is asked for the path without that of its mount. */
function isStripped(options: unknown): boolean {
  return (options as { readonly replaceRequest?: unknown } | undefined)?.replaceRequest === undefined;
}

/** What all methods of a path are registered for that ends in `*`; middleware is neither. */
type Kind = 'route' | 'mount';

/** By handler: an app within an app is registered anew, route by route. */
const kinds = new WeakMap<Handler, Kind>();
let registered: Kind | undefined;

function registering(register: Register, kindOf: (args: readonly unknown[]) => Kind): Register {
  const seen: Register = function (...args) {
    const before = registered;
    registered = kindOf(args);
    try {
      return register.apply(this, args);
    } finally {
      registered = before;
    }
  };
  const { name, length } = register;
  return Object.defineProperties(seen, { name: { value: name }, length: { value: length } });
}

const met = new WeakSet<object>();

function follow(router: HonoRouter): void {
  if (met.has(router)) return;
  met.add(router);
  const { add } = router;
  router.add = function (method, path, [handler, route]) {
    return add.call(this, method, path, [followedHandler(method, path, handler), route]);
  };
}

function followedHandler(method: string, path: string, handler: Handler): Handler {
  if (method !== 'ALL' || !path.endsWith('*')) return telling(path, handler);
  if (registered !== undefined) kinds.set(handler, registered);
  const kind = kinds.get(handler.__COMPOSED_HANDLER ?? handler);
  return kind === undefined ? handler : passing(path, kind, handler);
}

/** The last handler that is reached is the one whose route it is. */
function telling(path: string, handler: Handler): Handler {
  return function (honoContext, ...rest) {
    const metadata = metadataHere();
    if (metadata !== undefined) metadata.route = joined(metadata.mount ?? '', path) || '/';
    link(honoContext);
    return handler.call(this, honoContext, ...rest);
  };
}

function link(honoContext: HonoContext): void {
  const incoming = honoContext.env?.incoming;
  if (incoming !== undefined) linkFrameworkRequest(incoming, honoContext);
}

/** Many paths fit: where it passes the request on, it was not what was asked for. */
function passing(path: string, kind: Kind, handler: Handler): Handler {
  return function (honoContext, next, ...rest) {
    const metadata = metadataHere();
    if (metadata === undefined) return handler.call(this, honoContext, next, ...rest);
    const { route, mount = '' } = metadata;
    metadata.route = joined(mount, path);
    if (kind === 'mount') metadata.mount = joined(mount, path.replace(/\/?\*$/, ''));
    link(honoContext);
    const passOn: Next = (...args) => {
      Object.assign(metadata, { route, mount });
      return next(...args);
    };
    return handler.call(this, honoContext, passOn, ...rest);
  };
}
