import { isOwned } from './event-context.ts';
import { linkFrameworkRequest } from './framework-request.ts';

/** Where in the routers and apps of a program a request is. */
export interface RoutePlace {
  /** Path of the routers and apps around, as they are mounted. */
  mount: string;
  /** That of the layer that was reached last and has not passed the request on. */
  route: string | undefined;
}

const place = Symbol('spanledger.route-place');

interface PlacedRequest {
  [place]?: RoutePlace;
}

/** The place of a request of Node.js, whose route is from now on the one that stands there. */
export function placeOf(request: object): RoutePlace {
  let at = (request as PlacedRequest)[place];
  if (at === undefined) {
    at = { mount: '', route: undefined };
    Object.defineProperty(request, place, { value: at });
    linkFrameworkRequest(request, request, (placed: PlacedRequest) => placed[place]?.route);
  }
  return at;
}

/** Path of the routers and apps around a request; empty where there are none. */
export function mountOf(request: object): string {
  return (request as PlacedRequest)[place]?.mount ?? '';
}

/** Path of something below what is mounted. */
export function joined(mount: string, path: string): string {
  if (path === '/' || path === '') return mount;
  if (mount.endsWith('/') && path.startsWith('/')) return mount + path.slice(1);
  return mount + path;
}

/** Reaches something that takes its path away for what is below it. */
export function enterMount(at: RoutePlace, path: string): void {
  at.mount = joined(at.mount, path);
  at.route = at.mount === '' ? '/' : at.mount;
}

/** Reaches something that leaves the path as it is. */
export function enterRoute(at: RoutePlace, path: string): void {
  const route = joined(at.mount, path);
  at.route = route === '' ? '/' : route;
}

interface Answer {
  readonly headersSent?: boolean;
}

type Next = (...args: unknown[]) => unknown;

/** What is called with a request, its answer and the way on: of Express, connect and Polka. */
export type LayerHandler = (request: object, response: Answer, next: Next) => unknown;

/**
 * The handler of a layer with a path, which tells that the request has reached it. Where it passes the request on, what is reached next
 * stands beside it and not below. A handler may be a function with members, which others read and set: a proxy has them all.
 * @param enter whether it is a route, or mounted there
 */
export function followed<T extends LayerHandler>(handler: T, path: string, enter: typeof enterMount): T {
  return new Proxy(handler, {
    apply(handle, self, args: [object, Answer, Next]) {
      const [request, response, next, ...rest] = args;
      if (!isOwned(request)) return Reflect.apply(handle, self, args);
      const at = placeOf(request);
      const { mount } = at;
      enter(at, path);
      const passOn: Next = (...reasons) => {
        at.mount = mount;
        if (!isError(reasons[0]) && response.headersSent !== true) at.route = undefined;
        return next(...reasons);
      };
      return Reflect.apply(handle, self, [request, response, typeof next === 'function' ? passOn : next, ...rest]);
    },
  });
}

function isError(reason: unknown): boolean {
  return reason !== undefined && reason !== null && reason !== 'route' && reason !== 'router';
}
