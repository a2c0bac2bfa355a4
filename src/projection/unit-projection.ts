import { attribute } from '../telemetry/conventions.ts';
import {
  maxLength,
  type ProjectionContext,
  toCount,
  toInteger,
  toJson,
  toName,
  toText,
  toTime,
} from './attribute-values.ts';
import { toEventRecord } from './event-projection.ts';
import { idsOf, namesOf, unitOf } from './identity-projection.ts';
import type { EventRecord, UnitEndRecord, UnitIdentity, UnitStartRecord } from './record.ts';
import type { EventSource, SpanSource } from './span-source.ts';

/** Name of the event that `recordException` makes. */
const exceptionEvent = 'exception';

/** The record of a unit's start, or `undefined` for a span that is no unit. */
export function projectSpanStart(span: SpanSource, context: ProjectionContext): UnitStartRecord | undefined {
  const identity = identityOf(span, context);
  if (identity === undefined) return undefined;
  const at = toTime(span.startAt, 0);
  return { type: 'start', at, ...identity, version: at };
}

/** The record of a unit's end, or `undefined` for a span that is no unit. An unset status is a success. */
export function projectSpanEnd(span: SpanSource, context: ProjectionContext): UnitEndRecord | undefined {
  const identity = identityOf(span, context);
  if (identity === undefined) return undefined;
  const { sanitizer } = context;
  const startAt = toTime(span.startAt, 0);
  const at = Math.max(startAt, toTime(span.endAt, startAt));
  const { events } = span;
  const done = toCount(span.attributes[attribute.done]);
  const output = toJson(span.attributes[attribute.output], sanitizer);
  return {
    type: 'end',
    at,
    ...identity,
    startAt,
    version: Math.max(at, lastVersion(events)) + 1,
    status: span.status === 'error' ? 'FAILED' : 'SUCCESS',
    ...(done !== undefined && { done }),
    ...(output !== undefined && { output }),
    ...(span.status === 'error' && errorOf(span, events, context)),
  };
}

/**
 * The records of a span's events: all of a unit, and of any other span those that spanledger put there. Exceptions tell of
 * a unit's failure and are part of its end; one that its own events tell already makes no second record.
 */
export function projectSpanEvents(
  span: SpanSource,
  context: ProjectionContext,
  accept: (event: EventSource) => boolean = () => true,
): EventRecord[] {
  const { events } = span;
  if (events.length === 0) return [];
  const isUnit = unitOf(span.attributes) !== undefined;
  const told = messagesOf(events);
  const chosen = events.filter((event) => (isLedgerEvent(event) || (isUnit && !isTold(event, told))) && accept(event));
  if (chosen.length === 0) return [];
  const names = namesOf(span.attributes, span.service, context);
  const unit = { traceId: span.traceId, spanId: span.spanId, names };
  return chosen.map((event) => toEventRecord(event, unit, context));
}

/** Whether spanledger made the event: its events are numbered, and announced when they happen. */
export function isLedgerEvent(event: EventSource): boolean {
  return event.attributes[attribute.seq] !== undefined;
}

function messagesOf(events: readonly EventSource[]): ReadonlySet<unknown> {
  return new Set(events.filter(isLedgerEvent).map((event) => event.attributes[attribute.exceptionMessage]));
}

function isTold(event: EventSource, told: ReadonlySet<unknown>): boolean {
  return event.name === exceptionEvent && told.has(event.attributes[attribute.exceptionMessage]);
}

function identityOf(span: SpanSource, context: ProjectionContext): UnitIdentity | undefined {
  const { attributes } = span;
  const unit = unitOf(attributes);
  if (unit === undefined) return undefined;
  const { sanitizer } = context;
  const name = toName(span.name, sanitizer) ?? unit;
  const order = toInteger(attributes[attribute.order]);
  const attempt = toInteger(attributes[attribute.attempt]);
  const input = toJson(attributes[attribute.input], sanitizer);
  const total = toCount(attributes[attribute.total]);
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...idsOf(attributes, span.service, context),
    ...(span.parentSpanId !== undefined && { parentSpanId: span.parentSpanId }),
    unit,
    taskName: toName(attributes[attribute.taskName], sanitizer) ?? name,
    stepName: toName(attributes[attribute.stepName], sanitizer) ?? name,
    ...(order !== undefined && { order }),
    ...(attempt !== undefined && { attempt }),
    ...(input !== undefined && { input }),
    ...(total !== undefined && { total }),
  };
}

function lastVersion(events: readonly EventSource[]): number {
  let last = 0;
  for (const event of events) last = Math.max(last, toCount(event.attributes[attribute.version]) ?? 0);
  return last;
}

interface UnitError {
  readonly errorMessage?: string;
  readonly stack?: string;
}

/** Message and stack of a failure: the status tells the message, the last exception what it does not. */
function errorOf(span: SpanSource, events: readonly EventSource[], context: ProjectionContext): UnitError {
  const { sanitizer } = context;
  const last = events.findLast((event) => event.attributes[attribute.exceptionMessage] !== undefined);
  const told = last?.attributes[attribute.exceptionMessage];
  const message =
    toText(span.statusMessage, maxLength.message, sanitizer) ?? toText(told, maxLength.message, sanitizer);
  const stack = toText(last?.attributes[attribute.exceptionStack], maxLength.stack, sanitizer);
  return { ...(message !== undefined && { errorMessage: message }), ...(stack !== undefined && { stack }) };
}
