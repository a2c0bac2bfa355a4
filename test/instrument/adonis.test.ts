import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { type RPCMetadata, RPCType, setRPCMetadata } from '@opentelemetry/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adonisPatch } from '../../src/instrument/adonis.ts';

const span = trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: 0 });
const manager = new AsyncLocalStorageContextManager().enable();
const patch = (exports: unknown, name = '@adonisjs/http-server') =>
  adonisPatch({ exports, name, directory: undefined }, () => undefined);

/** Finds routes as the router of AdonisJS does. */
class Router {
  readonly routes = new Map([['GET /users/7', { pattern: '/users/:id' }]]);
  match(url: string, method: string) {
    const route = this.routes.get(`${method} ${url}`);
    return route === undefined ? null : { route, params: { id: '7' } };
  }
}

describe('the routes of AdonisJS', () => {
  class Own extends Router {}
  beforeAll(() => {
    context.setGlobalContextManager(manager);
    Object.defineProperty(Own.prototype, 'match', { value: Router.prototype.match, writable: true });
    expect(patch({ Router: Own })).toBe('patched');
  });
  afterAll(() => context.disable());

  it.each([
    ['/users/7', '/users/:id'],
    ['/nowhere', undefined],
  ])('are those that its router finds (%s)', (url, route) => {
    const metadata: RPCMetadata = { type: RPCType.HTTP, span };
    const found = context.with(setRPCMetadata(ROOT_CONTEXT, metadata), () => new Own().match(url, 'GET'));
    expect(found).toEqual(new Router().match(url, 'GET'));
    expect(metadata.route).toBe(route);
  });

  it('are sought where no request is served as ever', () => {
    expect(new Own().match('/users/7', 'GET')?.params).toEqual({ id: '7' });
    expect([Own.prototype.match.name, Own.prototype.match.length]).toEqual(['match', 2]);
  });

  it('are unknown in a version whose router is another, and in no other file', () => {
    expect(patch({})).toBe('unsupported');
    expect(patch({ Router: class {} })).toBe('unsupported');
    expect(patch({}, '@adonisjs/http-server/build/factories/main.js')).toBe('none');
  });
});
