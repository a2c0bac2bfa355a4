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
import { namesOf, readIds, unitOf } from './identity-projection.ts';
import type { EventRecord, UnitEndRecord, UnitStartRecord } from './record.ts';
import type { EventSource, SpanSource } from './span-source.ts';
import { createUnitDraft, type UnitDraft } from './unit-draft.ts';

/** Name of the event that `recordException` makes. */
const exceptionEvent = 'exception';

/** The record of a unit's start, or `undefined` for a span that is no unit. */
export function projectSpanStart(span: SpanSource, context: ProjectionContext): UnitStartRecord | undefined {
  const unit = unitOf(span.attributes);
  if (unit === undefined) return undefined;
  const at = toTime(span.startAt, 0);
  const record = createUnitDraft('start', at, at, unit);
  readIdentity(record, span, context);
  return record as UnitStartRecord;
}

/** The record of a unit's end, or `undefined` for a span that is no unit. An unset status is a success. */
export function projectSpanEnd(span: SpanSource, context: ProjectionContext): UnitEndRecord | undefined {
  const { attributes, events } = span;
  const unit = unitOf(attributes);
  if (unit === undefined) return undefined;
  const startAt = toTime(span.startAt, 0);
  const at = Math.max(startAt, toTime(span.endAt, startAt));
  const version = Math.max(at, lastVersion(events)) + 1;
  const record = createUnitDraft('end', at, version, unit);
  record.startAt = startAt;
  readIdentity(record, span, context);
  record.status = span.status === 'error' ? 'FAILED' : 'SUCCESS';
  record.done = toCount(attributes[attribute.done]);
  record.output = toJson(attributes[attribute.output], context.sanitizer);
  if (span.status === 'error') readError(record, span, events, context);
  return record as UnitEndRecord;
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
  const events = span.events.filter(accept);
  if (events.length === 0) return [];
  const isUnit = unitOf(span.attributes) !== undefined;
  const told = messagesOf(span);
  const chosen = events.filter((event) => isLedgerEvent(event) || (isUnit && !isTold(event, told)));
  if (chosen.length === 0) return [];
  const names = namesOf(span.attributes, span.service, context);
  const unit = { traceId: span.traceId, spanId: span.spanId, names };
  return chosen.map((event) => toEventRecord(event, unit, context));
}

/** Whether spanledger made the event: its events are numbered, and announced when they happen. */
export function isLedgerEvent(event: EventSource): boolean {
  return event.attributes[attribute.seq] !== undefined;
}

/** Exceptions that another row tells: the failed unit itself, or an event of spanledger. */
function messagesOf({ events, status, statusMessage }: SpanSource): ReadonlySet<unknown> {
  const own = events.filter(
    (event) => isLedgerEvent(event) && event.attributes[attribute.exceptionMessage] !== undefined,
  );
  const told = new Set(own.map((event) => event.attributes[attribute.exceptionMessage]));
  if (status === 'error' && statusMessage !== undefined) told.add(statusMessage);
  return told;
}

function isTold(event: EventSource, told: ReadonlySet<unknown>): boolean {
  return event.name === exceptionEvent && told.has(event.attributes[attribute.exceptionMessage]);
}

function readIdentity(record: UnitDraft, span: SpanSource, context: ProjectionContext): void {
  const { attributes } = span;
  const { sanitizer } = context;
  record.traceId = span.traceId;
  record.spanId = span.spanId;
  record.parentSpanId = span.parentSpanId;
  readIds(record, attributes, span.service, context);
  const name = toName(span.name, sanitizer) ?? record.unit;
  record.taskName = toName(attributes[attribute.taskName], sanitizer) ?? name;
  record.stepName = toName(attributes[attribute.stepName], sanitizer) ?? name;
  record.order = toInteger(attributes[attribute.order]);
  record.attempt = toInteger(attributes[attribute.attempt]);
  record.input = toJson(attributes[attribute.input], sanitizer);
  record.total = toCount(attributes[attribute.total]);
  record.expectation = toJson(attributes[attribute.expectation], sanitizer);
}

function lastVersion(events: readonly EventSource[]): number {
  let last = 0;
  for (const event of events) last = Math.max(last, toCount(event.attributes[attribute.version]) ?? 0);
  return last;
}

/** Message and stack of a failure: the status tells the message, the last exception what it does not. */
function readError(
  record: UnitDraft,
  span: SpanSource,
  events: readonly EventSource[],
  context: ProjectionContext,
): void {
  const { sanitizer } = context;
  const last = events.findLast((event) => event.attributes[attribute.exceptionMessage] !== undefined);
  const told = last?.attributes[attribute.exceptionMessage];
  const message =
    toText(span.statusMessage, maxLength.message, sanitizer) ?? toText(told, maxLength.message, sanitizer);
  if (message !== undefined) record.errorMessage = message;
  const stack = toText(last?.attributes[attribute.exceptionStack], maxLength.stack, sanitizer);
  if (stack !== undefined) record.stack = stack;
}
