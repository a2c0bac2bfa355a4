import { isOwned } from './event-context.ts';
import { linkFrameworkRequest } from './framework-request.ts';
import type { InstrumentationEntry } from './instrumentation-table.ts';
import { type MountedContext, mountPathOf, watchMounts } from './koa-mount.ts';
import type { PatchOutcome } from './patcher.ts';
import { joined } from './route-place.ts';

/** The slice of Koa that is patched, versions 2 and 3. */
interface KoaClass {
  readonly prototype: { createContext?: CreateContext };
}

type CreateContext = (this: unknown, request: object, response: object) => KoaContext;

/** What `@koa/router` and `koa-router` leave in the context of a request. */
interface KoaContext extends MountedContext {
  readonly method?: string;
  /** Path of the layer that was reached last: a route, or what a router has before its routes. */
  readonly _matchedRoute?: unknown;
  /** All layers whose path fits, of every router that was asked. */
  readonly matched?: readonly Layer[];
}

interface Layer {
  readonly path: unknown;
  /** Empty for what is no route. */
  readonly methods: readonly string[];
}

/**
 * Learns of the contexts that Koa makes of requests, and with them of their routes. Its middleware is left alone, unless the program has
 * an instrumentation for it.
 * @param correlationHeader stays on the answers that Koa gives to errors, from which it takes all headers
 */
export function koaPatch(correlationHeader: string | undefined): NonNullable<InstrumentationEntry['patch']> {
  return ({ exports, name, directory }, load) => {
    const more = load()?.patch(exports, name, directory).result ?? 'none';
    if (name === 'koa') return watchContexts(exports as Partial<KoaClass>);
    if (name === 'koa-mount') return watchMounts(exports);
    if (contextFile.test(name) && correlationHeader !== undefined)
      keepHeader(exports as KoaContexts, correlationHeader);
    return more;
  };
}

const contextFile = /^koa[\\/]lib[\\/]context\.js$/;

function watchContexts({ prototype }: Partial<KoaClass>): PatchOutcome['result'] {
  const createContext = prototype?.createContext;
  if (prototype === undefined || createContext === undefined) return 'unsupported';
  const seen: CreateContext = function (request, response) {
    const context = createContext.call(this, request, response);
    if (isOwned(request)) linkFrameworkRequest(request, context, koaRoute);
    return context;
  };
  prototype.createContext = Object.defineProperty(seen, 'name', { value: createContext.name });
  return 'patched';
}

interface KoaContexts {
  onerror?: OnError;
}

type OnError = (this: { readonly res?: Answer }, error: unknown) => void;

interface Answer {
  getHeaderNames?(): readonly string[];
}

function keepHeader(contexts: KoaContexts, header: string): void {
  const { onerror } = contexts;
  if (onerror === undefined) return;
  const kept = header.toLowerCase();
  contexts.onerror = function (error) {
    const { res } = this;
    const names = res?.getHeaderNames;
    if (error === null || error === undefined || res === undefined || names === undefined) {
      return onerror.call(this, error);
    }
    res.getHeaderNames = () => names.call(res).filter((name) => name !== kept);
    try {
      onerror.call(this, error);
    } finally {
      Reflect.deleteProperty(res, 'getHeaderNames');
    }
  };
}

function koaRoute(context: KoaContext): string | undefined {
  const mount = mountPathOf(context);
  const found = routerPathOf(context);
  if (found !== undefined) return joined(mount, found) || '/';
  return mount === '' ? undefined : mount;
}

/** Where what stands before the routes has answered, as a guard does, it is the route that would have come next. */
function routerPathOf({ method = '', matched = [], _matchedRoute: reached }: KoaContext): string | undefined {
  if (reached === undefined) return undefined;
  const layers = matched.filter((layer) => layer.methods.includes(method));
  const route = layers.find(({ path }) => path === reached) ?? layers.at(-1);
  return String(route?.path ?? reached);
}
