import { context } from '@opentelemetry/api';
import { getRPCMetadata, RPCType, setRPCMetadata } from '@opentelemetry/core';
import type { InstrumentationEntry } from './instrumentation-table.ts';
import type { PatchOutcome } from './patcher.ts';

/** The slice of Next.js that is patched, versions 14 to 16: the tracer that all its parts share. */
interface TracerModule {
  getTracer?(): object;
}

interface NextTracer {
  /** Since version 15. */
  setRootSpanAttribute?: (this: unknown, key: unknown, value: unknown) => unknown;
  trace?: (this: unknown, type: unknown, options: unknown, ...rest: unknown[]) => unknown;
  withPropagatedContext?: (this: unknown, carrier: unknown, serve: () => unknown, ...rest: unknown[]) => unknown;
}

interface SpanOptions {
  readonly spanName?: unknown;
  readonly attributes?: { readonly 'next.route'?: unknown };
}

/** Learns of the routes that Next.js tells its own tracer, whatever renders them. */
export const nextPatch: NonNullable<InstrumentationEntry['patch']> = ({ exports, name }) =>
  tracerFile.test(name) ? watchRoutes(exports as TracerModule) : 'none';

const tracerFile = /^next[\\/]dist[\\/]server[\\/]lib[\\/]trace[\\/]tracer\.js$/;

/** What is shown where no page was found, or where one failed: it is not what was asked for. */
const errorPage = /^\/(?:_error|_not-found|_global-error|404|500)(?:\/page)?$/;

function watchRoutes({ getTracer }: TracerModule): PatchOutcome['result'] {
  const tracer = getTracer && (Object.getPrototypeOf(getTracer()) as NextTracer);
  const { setRootSpanAttribute: set, trace } = tracer ?? {};
  if (tracer === undefined || (set ?? trace) === undefined) return 'unsupported';
  if (set !== undefined) tracer.setRootSpanAttribute = named(set, told(set));
  else if (trace !== undefined) tracer.trace = named(trace, traced(trace));
  keepMetadata(tracer);
  return 'patched';
}

function named<T extends object>({ name }: { readonly name: string }, seen: T): T {
  return Object.defineProperty(seen, 'name', { value: name });
}

function told(set: NonNullable<NextTracer['setRootSpanAttribute']>): typeof set {
  return function (key, value) {
    if (key === 'next.route') tellRoute(value);
    return set.call(this, key, value);
  };
}

const apiSpan = 'executing api route (pages) ';

/** Version 14 keeps the route to itself where somebody else has begun the trace; spans that it makes on the way have it. */
function traced(trace: NonNullable<NextTracer['trace']>): typeof trace {
  return function (type, options, ...rest) {
    const { spanName, attributes } = (options ?? {}) as SpanOptions;
    if (typeof spanName === 'string' && spanName.startsWith(apiSpan)) tellRoute(spanName.slice(apiSpan.length));
    const result = trace.call(this, type, options, ...rest);
    if (type !== 'NextNodeServer.findPageComponents' || !(result instanceof Promise)) return result;
    // Of a page that is not there it finds nothing. Whoever asked hears of errors.
    result.then((found) => found && tellRoute(attributes?.['next.route']), ignore);
    return result;
  };
}

function ignore(): void {}

/** Behind a middleware, Next.js 16 begins anew from the headers: without this it would be lost where the request came from. */
function keepMetadata(tracer: NextTracer): void {
  const { withPropagatedContext } = tracer;
  if (withPropagatedContext === undefined) return;
  const seen: typeof withPropagatedContext = function (carrier, serve, ...rest) {
    const metadata = getRPCMetadata(context.active());
    const within = () => {
      const here = context.active();
      if (metadata === undefined || getRPCMetadata(here) === metadata) return serve();
      return context.with(setRPCMetadata(here, metadata), serve);
    };
    return withPropagatedContext.call(this, carrier, within, ...rest);
  };
  tracer.withPropagatedContext = named(withPropagatedContext, seen);
}

function tellRoute(route: unknown): void {
  const metadata = getRPCMetadata(context.active());
  if (metadata?.type !== RPCType.HTTP || typeof route !== 'string' || errorPage.test(route)) return;
  // Of a handler of the app router it tells the path first, and then that of its file.
  if (route !== `${metadata.route === '/' ? '' : metadata.route}/route`) metadata.route = route;
}
