import type { PatchOutcome } from './patcher.ts';
import { joined } from './route-place.ts';

/** The slice of koa-mount that is patched, versions 3 and 4: it is a function that makes middleware. */
type Mount = (...args: unknown[]) => Middleware;

type Middleware = (context: MountedContext, upstream: () => unknown) => unknown;

const mounts = Symbol('spanledger.koa-mounts');

/** What is seen of a context of Koa. */
export interface MountedContext {
  readonly path?: string;
  /** What `@koa/router` and `koa-router` have found. */
  readonly _matchedRoute?: unknown;
  [mounts]?: Mounts;
}

/** Under which paths a request is. */
interface Mounts {
  current: string;
  /** Under which a route was found, whose handler has passed the request on since. */
  found?: { readonly route: unknown; readonly path: string };
}

/** Learns of the paths under which middleware is mounted. */
export function watchMounts(exports: unknown): PatchOutcome | 'unsupported' {
  if (typeof exports !== 'function') return 'unsupported';
  const watched = new Proxy(exports as Mount, {
    apply(mount, self, args) {
      const middleware = Reflect.apply(mount, self, args) as Middleware;
      const [prefix] = args as readonly unknown[];
      return typeof prefix === 'string' && prefix !== '/' ? mounted(middleware, prefix) : middleware;
    },
  });
  return { exports: watched, result: 'patched' };
}

function mounted(middleware: Middleware, prefix: string): Middleware {
  return new Proxy(middleware, {
    apply(target, self, args: Parameters<Middleware>) {
      const [context, upstream] = args;
      if (!isBelow(prefix, context.path ?? '')) return Reflect.apply(target, self, args);
      const at = mountsOf(context);
      const { current } = at;
      const before = context._matchedRoute;
      at.current = joined(current, prefix);
      const passOn = () => {
        const route = context._matchedRoute;
        if (route !== before) at.found = { route, path: at.current };
        at.current = current;
        return upstream();
      };
      return Reflect.apply(target, self, [context, passOn]);
    },
  });
}

/** As koa-mount itself decides. */
function isBelow(prefix: string, path: string): boolean {
  if (!path.startsWith(prefix)) return false;
  return prefix.endsWith('/') || path.length === prefix.length || path[prefix.length] === '/';
}

function mountsOf(context: MountedContext): Mounts {
  let at = context[mounts];
  if (at === undefined) {
    at = { current: '' };
    Object.defineProperty(context, mounts, { value: at });
  }
  return at;
}

/** The path under which the route was found that a router has told last, or middleware was reached that has answered. */
export function mountPathOf({ [mounts]: at, _matchedRoute: route }: MountedContext): string {
  return (at?.found?.route === route && route !== undefined ? at?.found?.path : at?.current) ?? '';
}
