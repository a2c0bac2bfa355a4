import type { Attributes, AttributeValue } from '@opentelemetry/api';
import type { LogRecordProcessor, ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { LogRecordLimits, SpanLimits } from '../configuration/otel-environment.ts';

/** Limits of what is sent. */
type AttributeLimits = Pick<SpanLimits, 'attributeCountLimit' | 'attributeValueLengthLimit'>;

/** What the SDK keeps where nothing else is said; fewer would take from the ledger too. */
const defaultCount = 128;

/**
 * The limits for the SDK: those of attributes hold for what is sent and not for the ledger, whose ids and details would be cut with it. A
 * span without its last attributes would have no row at all.
 */
export function limitsWithin<T extends AttributeLimits>(limits: T): T {
  const { attributeCountLimit: count, attributeValueLengthLimit: _, ...others } = limits;
  return { ...others, ...(count !== undefined && { attributeCountLimit: Math.max(count, defaultCount) }) } as T;
}

/** A processor that gets spans within the limits of attributes; itself where there are none. */
export function spansWithin(processor: SpanProcessor, limits: SpanLimits): SpanProcessor {
  if (!isLimited(limits)) return processor;
  return {
    onStart: (span, parent) => processor.onStart(span, parent),
    onEnd: (span) => processor.onEnd(limitedSpan(span, limits)),
    forceFlush: () => processor.forceFlush(),
    shutdown: () => processor.shutdown(),
  };
}

/** The same for log records. */
export function logsWithin(processor: LogRecordProcessor, limits: LogRecordLimits): LogRecordProcessor {
  if (!isLimited(limits)) return processor;
  type Emitted = Parameters<LogRecordProcessor['onEmit']>[0];
  return {
    onEmit: (record, context) => processor.onEmit(limitedLog(record, limits) as Emitted, context),
    forceFlush: () => processor.forceFlush(),
    shutdown: () => processor.shutdown(),
  };
}

function isLimited({ attributeCountLimit, attributeValueLengthLimit }: AttributeLimits): boolean {
  return attributeCountLimit !== undefined || attributeValueLengthLimit !== undefined;
}

function limitedSpan(span: ReadableSpan, limits: AttributeLimits): ReadableSpan {
  const { attributes, dropped } = limited(span.attributes, limits);
  const valuesAlone = { attributeValueLengthLimit: limits.attributeValueLengthLimit };
  return {
    name: span.name,
    kind: span.kind,
    spanContext: () => span.spanContext(),
    ...(span.parentSpanContext !== undefined && { parentSpanContext: span.parentSpanContext }),
    startTime: span.startTime,
    endTime: span.endTime,
    duration: span.duration,
    ended: span.ended,
    status: span.status,
    attributes,
    droppedAttributesCount: span.droppedAttributesCount + dropped,
    events: span.events.map((event) => ({ ...event, attributes: limited(event.attributes, valuesAlone).attributes })),
    droppedEventsCount: span.droppedEventsCount,
    links: span.links.map((link) => ({ ...link, attributes: limited(link.attributes, valuesAlone).attributes })),
    droppedLinksCount: span.droppedLinksCount,
    resource: span.resource,
    instrumentationScope: span.instrumentationScope,
  };
}

function limitedLog(record: ReadableLogRecord, limits: AttributeLimits): ReadableLogRecord {
  const { attributes, dropped } = limited(record.attributes as Attributes, limits);
  return {
    hrTime: record.hrTime,
    hrTimeObserved: record.hrTimeObserved,
    ...(record.spanContext !== undefined && { spanContext: record.spanContext }),
    ...(record.severityText !== undefined && { severityText: record.severityText }),
    ...(record.severityNumber !== undefined && { severityNumber: record.severityNumber }),
    ...(record.body !== undefined && { body: record.body }),
    ...(record.eventName !== undefined && { eventName: record.eventName }),
    resource: record.resource,
    instrumentationScope: record.instrumentationScope,
    attributes,
    droppedAttributesCount: record.droppedAttributesCount + dropped,
  };
}

interface Limited {
  readonly attributes: Attributes;
  readonly dropped: number;
}

/** The first so many attributes, as the SDK keeps them, with texts of so many characters. */
function limited(
  attributes: Attributes | undefined,
  {
    attributeCountLimit: count,
    attributeValueLengthLimit: length,
  }: { [K in keyof AttributeLimits]: number | undefined },
): Limited {
  const all = Object.entries(attributes ?? {});
  const kept = all.slice(0, count);
  const cut = length === undefined ? kept : kept.map(([key, value]) => [key, cutTo(length, value)] as const);
  return { attributes: Object.fromEntries(cut), dropped: all.length - kept.length };
}

function cutTo(length: number, value: AttributeValue | undefined): AttributeValue | undefined {
  if (typeof value === 'string') return value.slice(0, length);
  return Array.isArray(value)
    ? (value.map((entry: unknown) => (typeof entry === 'string' ? entry.slice(0, length) : entry)) as AttributeValue)
    : value;
}
