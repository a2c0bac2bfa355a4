import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { type RPCMetadata, RPCType, setRPCMetadata } from '@opentelemetry/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nextPatch } from '../../src/instrument/next.ts';

const file = 'next/dist/server/lib/trace/tracer.js';
const span = trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: 0 });
const manager = new AsyncLocalStorageContextManager().enable();
beforeAll(() => context.setGlobalContextManager(manager));
afterAll(() => context.disable());

/** What tracers of version 15 and later do. */
class Tracer {
  readonly attributes = new Map<unknown, unknown>();
  setRootSpanAttribute(key: unknown, value: unknown): string {
    this.attributes.set(key, value);
    return 'set';
  }
  /** Behind a middleware, it begins anew. */
  withPropagatedContext(_carrier: unknown, serve: () => unknown, _getter?: unknown, force = false): unknown {
    return force ? context.with(ROOT_CONTEXT, serve) : serve();
  }
}

/** Of version 14, which finds pages within a span. */
class TracerBefore {
  trace(_type: unknown, _options: unknown, work: () => unknown): unknown {
    return work();
  }
}

const patch = (exports: unknown, name = file) => nextPatch({ exports, name, directory: undefined }, () => undefined);

/** The route that is left where a request is served by this. */
function routeOf(serve: () => unknown): string | undefined {
  const metadata: RPCMetadata = { type: RPCType.HTTP, span };
  context.with(setRPCMetadata(ROOT_CONTEXT, metadata), serve);
  return metadata.route;
}

describe('the routes of Next.js', () => {
  let tracer: Tracer;
  beforeEach(() => {
    class Own extends Tracer {}
    for (const name of ['setRootSpanAttribute', 'withPropagatedContext'] as const) {
      Object.defineProperty(Own.prototype, name, { value: Tracer.prototype[name], writable: true });
    }
    tracer = new Own();
    expect(patch({ getTracer: () => tracer })).toBe('patched');
  });
  const tell = (...routes: readonly string[]) =>
    routeOf(() => routes.map((route) => tracer.setRootSpanAttribute('next.route', route)));

  it('are those that it tells its tracer, which hears of them as ever', () => {
    expect(tell('/shop/[id]')).toBe('/shop/[id]');
    expect(tracer.attributes).toEqual(new Map([['next.route', '/shop/[id]']]));
    expect(tracer.setRootSpanAttribute('a', 1)).toBe('set');
    expect(tracer.setRootSpanAttribute.name).toBe('setRootSpanAttribute');
  });

  it.each([
    [['/shop/[id]', '/_error'], '/shop/[id]'],
    [['/shop/[id]', '/500'], '/shop/[id]'],
    [['/_not-found'], undefined],
    [['/_not-found/page'], undefined],
    [['/404'], undefined],
    [['/api/[id]', '/api/[id]/route'], '/api/[id]'],
    [['/', '/route'], '/'],
    [['/my/route'], '/my/route'],
    [['/first', '/second'], '/second'],
  ])('are pages and handlers of the program, not those for errors and not files (%s)', (told, route) => {
    expect(tell(...told)).toBe(route);
  });

  it('are no other attributes, and nothing where no request is served', () => {
    expect(routeOf(() => tracer.setRootSpanAttribute('next.other', '/shop'))).toBeUndefined();
    expect(routeOf(() => context.with(ROOT_CONTEXT, () => tracer.setRootSpanAttribute('next.route', '/x')))).toBe(
      undefined,
    );
  });

  it('are known behind a middleware, too', () => {
    const serve = () => tracer.setRootSpanAttribute('next.route', '/behind');
    expect(routeOf(() => expect(tracer.withPropagatedContext({}, serve, undefined, true)).toBe('set'))).toBe('/behind');
    expect(routeOf(() => tracer.withPropagatedContext({}, serve))).toBe('/behind');
    expect(tracer.withPropagatedContext({}, () => context.active(), undefined, true)).toBe(ROOT_CONTEXT);
  });

  it('are in its spans before version 15', async () => {
    class Own extends TracerBefore {}
    Object.defineProperty(Own.prototype, 'trace', { value: TracerBefore.prototype.trace, writable: true });
    const before = new Own();
    expect(patch({ getTracer: () => before })).toBe('patched');
    const find = (route: string, found: unknown) =>
      before.trace('NextNodeServer.findPageComponents', { attributes: { 'next.route': route } }, async () => found);
    const metadata: RPCMetadata = { type: RPCType.HTTP, span };
    await context.with(setRPCMetadata(ROOT_CONTEXT, metadata), () => find('/gone', null));
    expect(metadata.route).toBeUndefined();
    await context.with(setRPCMetadata(ROOT_CONTEXT, metadata), () => find('/shop/[id]', {}));
    expect(metadata.route).toBe('/shop/[id]');
    const api = { spanName: 'executing api route (pages) /api/[key]' };
    expect(routeOf(() => expect(before.trace('Node.runHandler', api, () => 'ran')).toBe('ran'))).toBe('/api/[key]');
    const failing = before.trace('NextNodeServer.findPageComponents', {}, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
  });

  it('are unknown in a version whose tracer is another, and in no other file', () => {
    expect(patch({ getTracer: () => ({}) })).toBe('unsupported');
    expect(patch({})).toBe('unsupported');
    expect(patch({}, 'next/dist/server/base-server.js')).toBe('none');
  });
});
