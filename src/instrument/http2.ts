import { Server } from 'node:net';
import { diag } from '@opentelemetry/api';
import type { HttpScheme } from './http-attributes.ts';
import type { ServerClass } from './http-server.ts';

/**
 * Sees the requests of http2 servers too, which announce them as those of `node:http` do. Their class is not exported, so it is met when the
 * first of them listens; a program without one never loads it.
 */
export function followHttp2(watch: (servers: ServerClass, scheme: HttpScheme) => void): void {
  const { listen } = Server.prototype;
  const met = new WeakSet<object>();
  Server.prototype.listen = function listenSeen(this: Server, ...args: unknown[]) {
    const prototype = Object.getPrototypeOf(this) as ServerClass & { readonly constructor: { readonly name: string } };
    const scheme = schemes[prototype.constructor.name];
    if (scheme !== undefined && !met.has(prototype)) {
      met.add(prototype);
      try {
        watch(prototype, scheme);
      } catch (error) {
        diag.warn('Requests of http2 are not seen.', error);
      }
    }
    return (listen as (this: Server, ...args: unknown[]) => Server).apply(this, args);
  } as typeof listen;
  Object.defineProperty(Server.prototype.listen, 'name', { value: listen.name });
}

const schemes: Readonly<Record<string, HttpScheme>> = { Http2Server: 'http', Http2SecureServer: 'https' };
