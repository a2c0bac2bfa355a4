import { Server } from 'node:net';
import { diag } from '@opentelemetry/api';
import type { OtelInstrumentation } from './instrumentation-package.ts';

type Emit = (this: unknown, event: string | symbol, ...args: unknown[]) => boolean;

/** The slice of the HTTP instrumentation that wraps how a server announces its requests. */
interface HttpInstrumentation extends OtelInstrumentation {
  _getPatchIncomingRequestFunction?(component: 'http' | 'https'): (emit: Emit) => Emit;
}

interface AnyServer {
  emit: Emit;
}

/**
 * Lets the HTTP instrumentation see the requests of http2 servers too, which announce them as those of `node:http` do. Their class is not
 * exported, so it is met when the first of them listens; a program without one never loads it.
 */
export function followHttp2(load: () => OtelInstrumentation | undefined): void {
  const { listen } = Server.prototype;
  const met = new WeakSet<object>();
  Server.prototype.listen = function listenSeen(this: Server, ...args: unknown[]) {
    const prototype = Object.getPrototypeOf(this) as AnyServer & { readonly constructor: { readonly name: string } };
    const component = components[prototype.constructor.name];
    if (component !== undefined && !met.has(prototype)) {
      met.add(prototype);
      watch(prototype, component, load);
    }
    return (listen as (this: Server, ...args: unknown[]) => Server).apply(this, args);
  } as typeof listen;
  Object.defineProperty(Server.prototype.listen, 'name', { value: listen.name });
}

const components: Readonly<Record<string, 'http' | 'https'>> = { Http2Server: 'http', Http2SecureServer: 'https' };

function watch(prototype: AnyServer, component: 'http' | 'https', load: () => OtelInstrumentation | undefined): void {
  try {
    const instrumentation = load() as HttpInstrumentation | undefined;
    const wrap = instrumentation?._getPatchIncomingRequestFunction?.(component);
    if (wrap !== undefined) prototype.emit = wrap(prototype.emit);
    else if (instrumentation !== undefined)
      diag.warn('Requests of http2 are not seen by this @opentelemetry/instrumentation-http.');
  } catch (error) {
    diag.warn('Requests of http2 are not seen.', error);
  }
}
