import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { RPCType, setRPCMetadata } from '@opentelemetry/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { feathersPatch } from '../../src/instrument/feathers.ts';
import type { ServedMetadata } from '../../src/instrument/framework-request.ts';
import { enterMount, placeOf } from '../../src/instrument/route-place.ts';

const span = trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: 0 });
const file = '@feathersjs/transport-commons/lib/routing/router.js';
const patch = (exports: unknown, name = file) =>
  feathersPatch({ exports, name, directory: undefined }, () => undefined);

/** Keeps what stands under a path, whose last part may be any, and finds it again as the router of Feathers does. */
class Router {
  readonly #data = new Map<string, object>();
  insert(path: string, data: object): string {
    this.#data.set(path, data);
    return path;
  }
  lookup(path: string): { data: object; params: object } | null {
    const data = this.#data.get(path) ?? this.#data.get(path.replace(/[^/]*$/, ':__id'));
    return data === undefined ? null : { data, params: {} };
  }
}

describe('the routes of Feathers', () => {
  class Own extends Router {}
  const service = { service: {}, params: {} };
  const router = new Own();
  beforeAll(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    for (const name of ['insert', 'lookup'] as const) {
      Object.defineProperty(Own.prototype, name, { value: Router.prototype[name], writable: true });
    }
    expect(patch({ Router: Own })).toBe('patched');
    expect(router.insert('messages', { ...service })).toBe('messages');
    router.insert('messages/:__id', { ...service });
  });
  afterAll(() => context.disable());

  function routeOf(path: string, mount?: string): string | undefined {
    const request = new IncomingMessage(new Socket());
    if (mount !== undefined) enterMount(placeOf(request), mount);
    const metadata: ServedMetadata = { type: RPCType.HTTP, span, request };
    context.with(setRPCMetadata(ROOT_CONTEXT, metadata), () => router.lookup(path));
    return metadata.route;
  }

  it.each([
    ['messages', undefined, '/messages'],
    ['messages/7', undefined, '/messages/:__id'],
    ['messages/7', '/api', '/api/messages/:__id'],
    ['nowhere', undefined, undefined],
  ])('are the paths of services that its router finds, below what is around (%s, %s)', (path, mount, route) => {
    expect(routeOf(path, mount)).toBe(route);
  });

  it('are sought where no request is served as ever', () => {
    expect(router.lookup('messages')).toEqual({ data: service, params: {} });
    expect([Own.prototype.insert.name, Own.prototype.lookup.name]).toEqual(['insert', 'lookup']);
  });

  it('are unknown in a version whose router is another, and in no other file', () => {
    expect(patch({})).toBe('unsupported');
    expect(patch({}, '@feathersjs/transport-commons/lib/index.js')).toBe('none');
  });
});
