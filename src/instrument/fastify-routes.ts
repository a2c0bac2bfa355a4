import { subscribe } from 'node:diagnostics_channel';
import { context } from '@opentelemetry/api';
import { getRPCMetadata, RPCType } from '@opentelemetry/core';
import { linkFrameworkRequest } from './user-place.ts';

/** The slice of Fastify that is used, versions 4 and 5. */
interface Fastify {
  addHook(name: 'onRequest', hook: (request: FastifyRequest, reply: unknown, done: () => void) => void): unknown;
}

interface FastifyRequest {
  readonly raw?: object;
  readonly routeOptions?: { readonly url?: string };
}

/**
 * Tells the HTTP instrumentation the route of each request, by a hook of Fastify's own: it announces each instance on a diagnostics
 * channel. Nothing is patched, and no further spans are made.
 * @param onInstance called for each instance, with its version if it tells
 */
export function followFastify(onInstance: (version: string | undefined) => void): void {
  subscribe('fastify.initialization', (message) => {
    const { fastify } = message as { readonly fastify?: Fastify & { readonly version?: string } };
    if (fastify === undefined) return;
    onInstance(fastify.version);
    fastify.addHook('onRequest', (request, _, done) => {
      if (request.raw !== undefined) linkFrameworkRequest(request.raw, request);
      const metadata = getRPCMetadata(context.active());
      const route = request.routeOptions?.url;
      if (metadata?.type === RPCType.HTTP && route !== undefined) metadata.route = route;
      done();
    });
  });
}
