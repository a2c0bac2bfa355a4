import {
  context,
  diag,
  propagation,
  type Span,
  SpanKind,
  type TextMapSetter,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { scopeName } from '../telemetry/conventions.ts';
import { scopeVersion } from '../telemetry/instrumentation-scope.ts';
import { forEachAspect } from './http.ts';
import { describeRequest, Http2Call, recordError } from './http2-call.ts';
import { followHttp2Clients, type SeenRequest } from './http2-client.ts';
import { headerIn, isHeaders, type RequestHeaders, withHeaders } from './http2-headers.ts';
import { staysAsItIs } from './own-headers.ts';

/** Makes a span of each request that the program makes over http2, calls of gRPC above all, and tells the server of it. */
export class Http2Calls {
  #tracer: Tracer = trace.getTracer(scopeName, scopeVersion);

  /** Begins to see them. */
  watch(): void {
    followHttp2Clients((headers) => this.#begin(headers));
  }

  /** Makes the spans from now on with another provider. */
  follow(provider: TracerProvider): void {
    this.#tracer = provider.getTracer(scopeName, scopeVersion);
  }

  #begin(headers: unknown): SeenRequest | undefined {
    try {
      if (!isHeaders(headers) || headerIn(headers, ':method') === 'CONNECT') return undefined;
      if (isTracingSuppressed(context.active())) return undefined;
      if (isSeenElsewhere(headerIn(headers, 'traceparent'))) return describedRequest(headers);
      const span = this.#tracer.startSpan('HTTP', { kind: SpanKind.CLIENT });
      return seenRequest(span, headers);
    } catch (error) {
      diag.warn('A request over http2 could not be seen.', error);
      return undefined;
    }
  }
}

/** A span of the call is there, and the server has been told of it; only what a row needs may be missing. */
function describedRequest(headers: RequestHeaders | undefined): SeenRequest | undefined {
  const span = trace.getActiveSpan();
  if (headers === undefined || span?.isRecording() !== true || (span as SdkSpan).kind !== SpanKind.CLIENT)
    return undefined;
  return {
    headers,
    begun(stream) {
      forEachAspect((aspect) => aspect.outgoing?.(span));
      describeRequest(span, stream);
    },
    refused: () => undefined,
  };
}

function seenRequest(span: Span, given: RequestHeaders | undefined): SeenRequest {
  const added: Record<string, string> = {};
  context.with(trace.setSpan(context.active(), span), () => {
    forEachAspect((aspect) => aspect.outgoing?.(span));
    propagation.inject(context.active(), added, setter);
  });
  for (const name of Object.keys(added)) {
    if (staysAsItIs(name) && headerIn(given, name) !== undefined) delete added[name];
  }
  return {
    headers: withHeaders(given, added),
    begun(stream) {
      if (span.isRecording()) new Http2Call(span, stream);
    },
    refused(error) {
      recordError(span, error);
      span.end();
    },
  };
}

const setter: TextMapSetter<Record<string, string>> = {
  set(carrier, name, value) {
    carrier[name.toLowerCase()] = value;
  },
};

/** A span of the SDK, of which the API does not show this; before 2.0 the parent was its id alone. */
interface SdkSpan {
  readonly kind?: SpanKind;
  readonly parentSpanContext?: { readonly spanId: string };
  readonly parentSpanId?: string;
}

/**
 * Whether another instrumentation has made a span of the call, and told it to the server: that of gRPC or of undici. A service that passes on the
 * header of its own caller, or tells its own span by hand, has not.
 */
function isSeenElsewhere(traceparent: string | undefined): boolean {
  const told = traceparent?.split('-')[2];
  if (told === undefined) return false;
  const active = trace.getActiveSpan();
  if (active === undefined) return true;
  const { kind, parentSpanContext, parentSpanId } = active as SdkSpan;
  if (told === active.spanContext().spanId) return kind === SpanKind.CLIENT;
  return told !== (parentSpanContext?.spanId ?? parentSpanId);
}
