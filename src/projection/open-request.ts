import { type ProjectionContext, toTime } from './attribute-values.ts';
import type { UnitEndRecord, UnitStartRecord } from './record.ts';
import { projectRequest } from './request-projection.ts';
import type { SpanSource } from './span-source.ts';

/** The start of a request that the host serves, as a unit of work; `undefined` for any other span. */
export function projectOpenRequest(span: SpanSource, context: ProjectionContext): UnitStartRecord | undefined {
  const identity = identityOf(span, context);
  if (identity === undefined) return undefined;
  const at = toTime(span.startAt, 0);
  return { type: 'start', at, version: at, ...identity };
}

/** The end of such a unit. */
export function projectOpenRequestEnd(span: SpanSource, context: ProjectionContext): UnitEndRecord | undefined {
  const identity = identityOf(span, context);
  if (identity === undefined) return undefined;
  const startAt = toTime(span.startAt, 0);
  const at = Math.max(startAt, toTime(span.endAt, startAt));
  const status = span.status === 'error' ? 'FAILED' : 'SUCCESS';
  return { type: 'end', at, version: at + 1, ...identity, startAt, status };
}

type Identity = Omit<UnitStartRecord, 'type' | 'at' | 'version'>;

/** Named by method and path: the route is often known only when the request ends. */
function identityOf(span: SpanSource, context: ProjectionContext): Identity | undefined {
  const request = projectRequest(span, context);
  if (request === undefined) return undefined;
  const { type: _, at: _at, method, endpoint, durationMillis: _duration, direction: _direction, ...rest } = request;
  const { route, requestHeader: _header, requestBody: _body, responseStatus: _status, ...more } = rest;
  const { responseBody: _answer, ipAddress: _address, reason: _reason, ...ids } = more;
  const { parentSpanId } = span;
  return {
    ...ids,
    spanId: span.spanId,
    ...(parentSpanId !== undefined && { parentSpanId }),
    unit: 'request',
    taskName: `${method} ${route ?? endpoint}`,
    stepName: `${method} ${endpoint}`,
  };
}
