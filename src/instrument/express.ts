import { isOwned } from './event-context.ts';
import { linkFrameworkRequest } from './framework-request.ts';
import type { InstrumentationEntry } from './instrumentation-table.ts';
import type { PatchOutcome } from './patcher.ts';

/** The slice of Express that is patched, versions 4 and 5: routers are functions of their own in the one, of a class in the other. */
interface Express {
  readonly Router?: Partial<Router> & { readonly prototype?: Partial<Router> };
}

interface Router {
  use: Register;
  route: Register;
}

type Register = (this: { readonly stack: readonly Layer[] }, ...args: unknown[]) => unknown;

interface Layer {
  handle: (request: object, response: Answer, next: Next) => unknown;
}

type Next = (...args: unknown[]) => unknown;

interface Answer {
  readonly headersSent?: boolean;
}

const place = Symbol('spanledger.express-place');

/** Where in an app a request is. */
interface Place {
  /** Path of the routers and apps around, as they are mounted. */
  mount: string;
  /** That of the layer that was reached last and has not passed the request on. */
  route: string | undefined;
}

interface PlacedRequest {
  [place]?: Place;
}

/**
 * Learns of the routes that requests reach: of layers with a path, and no others. Where a layer passes a request on, what is reached next
 * stands beside it and not below, so that routers may be mounted one behind the other, and apps within apps.
 */
export const expressPatch: NonNullable<InstrumentationEntry['patch']> = ({ exports, name }) =>
  name === 'express' ? watchRouters(exports as Express) : 'none';

/** Several copies of Express 5 may have one package of routers. */
const watched = new WeakSet<object>();

function watchRouters({ Router }: Express): PatchOutcome['result'] {
  const routers = Router?.prototype?.route === undefined ? Router : Router.prototype;
  if (routers?.use === undefined || routers.route === undefined) return 'unsupported';
  if (watched.has(routers)) return 'patched';
  watched.add(routers);
  routers.use = following(routers.use, (path) => path !== '/');
  routers.route = following(routers.route, () => true);
  return 'patched';
}

/** @param isFollowed whether layers of this path are of interest */
function following(register: Register, isFollowed: (path: string) => boolean): Register {
  const seen: Register = function (...args) {
    const { length } = this.stack;
    const result = register.apply(this, args);
    const path = pathOf(args[0]);
    if (path !== undefined && isFollowed(path)) for (const layer of this.stack.slice(length)) follow(layer, path);
    return result;
  };
  const { name, length } = register;
  return Object.defineProperties(seen, { name: { value: name }, length: { value: length } });
}

/** Several paths are told as OpenTelemetry tells them. `undefined` where a handler stands in their place. */
function pathOf(argument: unknown): string | undefined {
  if (typeof argument === 'string' || argument instanceof RegExp) return String(argument);
  if (!Array.isArray(argument)) return undefined;
  const paths = argument.map(pathOf).filter((path) => path !== undefined);
  return paths.length === 0 ? undefined : paths.join(',');
}

/** A router is a function with members, which others read and set: a proxy has them all. */
function follow(layer: Layer, path: string): void {
  // Four parameters: it is called for errors, which belong to the route where they arose.
  if (layer.handle.length > 3) return;
  layer.handle = new Proxy(layer.handle, {
    apply(handle, self, args: [object, Answer, Next]) {
      const [request, response, next] = args;
      if (!isOwned(request)) return Reflect.apply(handle, self, args);
      const at = placeOf(request);
      const { mount } = at;
      at.mount = joined(mount, path);
      at.route = at.mount === '' ? '/' : at.mount;
      const passOn: Next = (...reasons) => {
        at.mount = mount;
        if (!isError(reasons[0]) && response.headersSent !== true) at.route = undefined;
        return next(...reasons);
      };
      return Reflect.apply(handle, self, [request, response, passOn]);
    },
  });
}

function placeOf(request: PlacedRequest): Place {
  let at = request[place];
  if (at === undefined) {
    at = { mount: '', route: undefined };
    Object.defineProperty(request, place, { value: at });
    linkFrameworkRequest(request, request, (placed: PlacedRequest) => placed[place]?.route);
  }
  return at;
}

function joined(mount: string, path: string): string {
  if (path === '/') return mount;
  return mount.endsWith('/') && path.startsWith('/') ? mount + path.slice(1) : mount + path;
}

function isError(reason: unknown): boolean {
  return reason !== undefined && reason !== null && reason !== 'route' && reason !== 'router';
}
