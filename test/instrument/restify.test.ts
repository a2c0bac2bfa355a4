import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { beforeEach, describe, expect, it } from 'vitest';
import { ownEvents } from '../../src/instrument/event-context.ts';
import { frameworkRouteOf } from '../../src/instrument/framework-request.ts';
import { restifyPatch } from '../../src/instrument/restify.ts';

type Asked = IncomingMessage & { route?: { path: unknown } };

/** Finds routes as the router of restify does: by a member of the request. */
class Router {
  routes: Record<string, unknown> = { '/users/7': '/users/:id', '/any': /^\/any$/ };
  lookup(request: Asked): string | undefined {
    const path = this.routes[request.url ?? ''];
    if (path === undefined) return undefined;
    request.route = { path };
    return `chain of ${request.url}`;
  }
}

const patch = (exports: unknown, name = 'restify/lib/router.js') =>
  restifyPatch({ exports, name, directory: undefined }, () => undefined);

function asked(url: string): Asked {
  const request = new IncomingMessage(new Socket());
  request.url = url;
  return request;
}

function served(url: string): Asked {
  const request = asked(url);
  ownEvents(request, new ServerResponse(request), { context: ROOT_CONTEXT, onAnswerEvent: () => {} });
  return request;
}

describe('the routes of restify', () => {
  let Patched: typeof Router;
  beforeEach(() => {
    Patched = class extends Router {};
    Object.defineProperty(Patched.prototype, 'lookup', { value: Router.prototype.lookup, writable: true });
    expect(patch(Patched)).toBe('patched');
  });

  it.each([
    ['/users/7', '/users/:id'],
    ['/any', '/^\\/any$/'],
    ['/nowhere', undefined],
  ])('are those that its router finds (%s)', (url, route) => {
    const request = served(url);
    expect(new Patched().lookup(request)).toBe(new Router().lookup(asked(url)));
    expect(frameworkRouteOf(request)).toBe(route);
  });

  it('are no concern of requests that nobody records', () => {
    const request = asked('/users/7');
    new Patched().lookup(request);
    expect(frameworkRouteOf(request)).toBeUndefined();
  });

  it('leave the name of the method as it is', () => {
    expect(Patched.prototype.lookup.name).toBe('lookup');
  });

  it('are unknown in a version whose router is another, and in no other file', () => {
    expect(patch(class {})).toBe('unsupported');
    expect(patch({}, 'restify/lib/server.js')).toBe('none');
  });
});
