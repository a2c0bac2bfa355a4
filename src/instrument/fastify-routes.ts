import { subscribe } from 'node:diagnostics_channel';
import { diag } from '@opentelemetry/api';
import { isOwned } from './event-context.ts';
import { linkFrameworkRequest } from './framework-request.ts';

/** The slice of Fastify that is used, versions 4 and 5: its class of requests. */
type Fastify = Readonly<Record<symbol, { readonly prototype: object } | undefined>>;

interface FastifyRequest {
  readonly routeOptions?: { readonly url?: string };
}

/**
 * Learns of the requests that Fastify makes, and with them of their routes: it announces each instance on a diagnostics channel. There is no
 * hook that the program could list, count or print.
 */
export function followFastify(): void {
  subscribe('fastify.initialization', (message) => {
    const { fastify } = message as { readonly fastify?: Fastify };
    const prototype = fastify && requestsOf(fastify);
    if (prototype === undefined) diag.warn('This version of Fastify is not known: its requests have no routes.');
    else if (!Object.hasOwn(prototype, 'raw')) watchRequests(prototype);
  });
}

/** The class of which the classes of all instances and plugins are made: which of them a route uses, Fastify decides when it is ready. */
function requestsOf(fastify: Fastify): object | undefined {
  const key = Object.getOwnPropertySymbols(fastify).find(({ description }) => description === 'fastify.Request');
  let found = key && fastify[key]?.prototype;
  while (found !== undefined) {
    const above = Object.getPrototypeOf(found) as object | null;
    if (above === null || above === Object.prototype) break;
    found = above;
  }
  return found;
}

/** The constructor sets a member `raw`: the first time it is set it is met here, and becomes what it is without us. */
function watchRequests(prototype: object): void {
  Object.defineProperty(prototype, 'raw', {
    configurable: true,
    enumerable: false,
    set(this: FastifyRequest, raw: unknown) {
      Object.defineProperty(this, 'raw', { value: raw, writable: true, configurable: true, enumerable: true });
      if (typeof raw === 'object' && raw !== null && isOwned(raw)) linkFrameworkRequest(raw, this, fastifyRoute);
    },
  });
}

function fastifyRoute({ routeOptions }: FastifyRequest): string | undefined {
  return routeOptions?.url;
}
