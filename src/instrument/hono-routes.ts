import { context } from '@opentelemetry/api';
import { getRPCMetadata, RPCType } from '@opentelemetry/core';
import { linkFrameworkRequest } from './framework-request.ts';
import type { moduleNameOf } from './package-file.ts';

/** The slice of Hono that is used, version 4. */
interface HonoRouter {
  add(method: string, path: string, entry: RouteEntry): void;
}

interface HonoApp {
  router: HonoRouter;
}

type Handler = (this: unknown, context: HonoContext, ...rest: unknown[]) => unknown;

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
  return Followed;
}

const met = new WeakSet<object>();

function follow(router: HonoRouter): void {
  if (met.has(router)) return;
  met.add(router);
  const { add } = router;
  router.add = function (method, path, [handler, route]) {
    const entry: RouteEntry = isMiddleware(method, path) ? [handler, route] : [telling(path, handler), route];
    return add.call(this, method, path, entry);
  };
}

/** What stands before every route of a path names none of them. */
function isMiddleware(method: string, path: string): boolean {
  return method === 'ALL' && path.endsWith('*');
}

/** The last handler that is reached is the one whose route it is. */
function telling(path: string, handler: Handler): Handler {
  return function (honoContext, ...rest) {
    const metadata = getRPCMetadata(context.active());
    if (metadata?.type === RPCType.HTTP) metadata.route = path;
    const incoming = honoContext.env?.incoming;
    if (incoming !== undefined) linkFrameworkRequest(incoming, honoContext);
    return handler.call(this, honoContext, ...rest);
  };
}
