import { context } from '@opentelemetry/api';
import { getRPCMetadata, type RPCMetadata, RPCType } from '@opentelemetry/core';

/** What a framework has made of a request of Node.js, and how its route is read from that. */
interface Linked {
  [made]?: object;
  [routeOf]?: (framework: object) => string | undefined;
  [procedure]?: string;
}

const made = Symbol('spanledger.framework-request');
const routeOf = Symbol('spanledger.framework-route');
const procedure = Symbol('spanledger.procedure');

/** Where frameworks leave the route of a request that we have seen, with the request itself. */
export interface ServedMetadata extends RPCMetadata {
  /** `undefined` when it is over: contexts outlive it. */
  request: ServedRequest | undefined;
  /** Path that frameworks have taken away for what is mounted below it. */
  mount?: string;
}

interface ServedRequest {
  readonly url?: string | undefined;
  /** As it came, where a framework has taken a part of it away. */
  readonly originalUrl?: string | undefined;
}

/** Where the route of the request is left that is being served here. */
export function metadataHere(): (RPCMetadata & Partial<ServedMetadata>) | undefined {
  const metadata = getRPCMetadata(context.active());
  return metadata?.type === RPCType.HTTP ? metadata : undefined;
}

/** The request of Node.js that is being served here. */
export function requestHere(): ServedRequest | undefined {
  return metadataHere()?.request;
}

/** Tells the procedure that a request asks for, as its path ends in it: its route is that of what has brought it, and this. */
export function tellProcedure(request: object, path: string): void {
  (request as Linked)[procedure] = path;
}

/**
 * Remembers the request that a framework has made of one of Node.js.
 * @param readRoute asked when the request is over; absent where the framework leaves the route elsewhere
 */
export function linkFrameworkRequest<T extends object>(
  request: object,
  framework: T,
  readRoute?: (framework: T) => string | undefined,
): void {
  const linked = request as Linked;
  linked[made] = framework;
  if (readRoute !== undefined) linked[routeOf] = readRoute as (framework: object) => string | undefined;
}

/** The request that a framework has made of this one. */
export function frameworkRequestOf(request: object): object | undefined {
  return (request as Linked)[made];
}

/** The route of a request that is over. @param told what its framework has left in the context */
export function routeOfRequest(request: object, told: string | undefined): string | undefined {
  const route = told ?? frameworkRouteOf(request);
  const path = (request as Linked)[procedure];
  if (path === undefined || route?.endsWith(`/${path}`) === true) return route;
  return `${(route ?? '').replace(lastPlaceholder, '')}/${path}`;
}

/** What a route has in the place of the procedure. */
const lastPlaceholder = /(?:\/|(?:\/(?::|\*|\[|\{)|\{\/)[^/]*)$/;

/** The route of a request, where its framework is asked for it. Throws nothing: members of a framework may be replaced by the program. */
export function frameworkRouteOf(request: object): string | undefined {
  const { [made]: framework, [routeOf]: readRoute } = request as Linked;
  if (framework === undefined || readRoute === undefined) return undefined;
  try {
    const route: unknown = readRoute(framework);
    return typeof route === 'string' ? route : undefined;
  } catch {
    return undefined;
  }
}
