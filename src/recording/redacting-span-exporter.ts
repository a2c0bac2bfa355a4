import type { Link } from '@opentelemetry/api';
import type { ExportResult } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter, TimedEvent } from '@opentelemetry/sdk-trace';
import { type Sanitizer, sanitizer } from '../storable/sanitizer.ts';
import { redactedAttributes } from './redacted-attributes.ts';
import { exportRedacted } from './redacted-export.ts';
import { redactedResource } from './redacted-resource.ts';

/**
 * Redacts spans on their way to another exporter: attributes, events with their exception stacks, links, status message,
 * name and resource. The spans themselves are left as they are, since other processors read them too.
 */
export class RedactingSpanExporter implements SpanExporter {
  readonly #exporter: SpanExporter;
  readonly #sanitizer: Sanitizer;

  constructor(exporter: SpanExporter, by: Sanitizer = sanitizer()) {
    this.#exporter = exporter;
    this.#sanitizer = by;
  }

  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void {
    exportRedacted(spans, (record) => redactedSpan(record, this.#sanitizer), this.#exporter, resultCallback);
  }

  async forceFlush(): Promise<void> {
    await this.#exporter.forceFlush?.();
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }
}

/** The span redacted; the same span where there was nothing to redact. */
export function redactedSpan(span: ReadableSpan, by: Sanitizer): ReadableSpan {
  const name = by.text(span.name);
  const attributes = redactedAttributes(span.attributes, by);
  const events = mapped(span.events, (event) => redactedEvent(event, by));
  const links = mapped(span.links, (link) => redactedLink(link, by));
  const message = span.status.message === undefined ? undefined : by.text(span.status.message);
  const resource = redactedResource(span.resource, by);
  const isSame =
    name === span.name &&
    attributes === span.attributes &&
    events === span.events &&
    links === span.links &&
    message === span.status.message &&
    resource === span.resource;
  if (isSame) return span;
  const status = message === undefined ? span.status : { code: span.status.code, message };
  return { ...unchanged(span), name, attributes, events, links, status, resource };
}

function unchanged(
  span: ReadableSpan,
): Omit<ReadableSpan, 'name' | 'attributes' | 'events' | 'links' | 'status' | 'resource'> {
  const { parentSpanContext } = span;
  return {
    kind: span.kind,
    spanContext: () => span.spanContext(),
    ...(parentSpanContext !== undefined && { parentSpanContext }),
    startTime: span.startTime,
    endTime: span.endTime,
    duration: span.duration,
    ended: span.ended,
    instrumentationScope: span.instrumentationScope,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
  };
}

function mapped<T>(list: T[], redact: (entry: T) => T): T[] {
  if (list.length === 0) return list;
  const redacted = list.map(redact);
  return redacted.every((entry, index) => entry === list[index]) ? list : redacted;
}

function redactedEvent(event: TimedEvent, by: Sanitizer): TimedEvent {
  const name = by.text(event.name);
  const attributes = event.attributes === undefined ? undefined : redactedAttributes(event.attributes, by);
  if (name === event.name && attributes === event.attributes) return event;
  return { ...event, name, ...(attributes !== undefined && { attributes }) };
}

function redactedLink(link: Link, by: Sanitizer): Link {
  if (link.attributes === undefined) return link;
  const attributes = redactedAttributes(link.attributes, by);
  return attributes === link.attributes ? link : { ...link, attributes };
}
