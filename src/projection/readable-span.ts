import type { HrTime, SpanKind } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { EventSource, LinkSource, SourceAttributes, SpanSource } from './span-source.ts';

/** In the order of OpenTelemetry's `SpanKind`. */
const kinds = ['internal', 'server', 'client', 'producer', 'consumer'] as const;

/** In the order of OpenTelemetry's `SpanStatusCode`. */
const statuses = ['unset', 'ok', 'error'] as const;

const noAttributes: SourceAttributes = Object.freeze({});

/** Reads a span of the OpenTelemetry SDK, of either line. Nothing is copied before it is asked for; events once. */
export function fromReadableSpan(span: ReadableSpan): SpanSource {
  return new ReadableSpanSource(span);
}

class ReadableSpanSource implements SpanSource {
  readonly traceId: string;
  readonly spanId: string;
  readonly #span: ReadableSpan;
  #events: readonly EventSource[] | undefined;

  constructor(span: ReadableSpan) {
    const { traceId, spanId } = span.spanContext();
    this.traceId = traceId;
    this.spanId = spanId;
    this.#span = span;
  }

  get parentSpanId(): string | undefined {
    const parent = this.#span.parentSpanContext;
    return parent?.traceId === this.traceId ? parent.spanId : undefined;
  }

  get kind(): SpanSource['kind'] {
    return kinds[this.#span.kind as SpanKind] ?? 'internal';
  }

  get name(): string {
    return this.#span.name;
  }

  get startAt(): number {
    return toMicros(this.#span.startTime);
  }

  get endAt(): number {
    return toMicros(this.#span.endTime);
  }

  get attributes(): SourceAttributes {
    return this.#span.attributes as SourceAttributes;
  }

  get events(): readonly EventSource[] {
    this.#events ??= this.#span.events.map(({ name, time, attributes }) => ({
      name,
      at: toMicros(time),
      attributes: (attributes ?? noAttributes) as SourceAttributes,
    }));
    return this.#events;
  }

  get links(): readonly LinkSource[] {
    return this.#span.links.map(({ context, attributes }) => ({
      traceId: context.traceId,
      spanId: context.spanId,
      attributes: (attributes ?? noAttributes) as SourceAttributes,
    }));
  }

  get status(): SpanSource['status'] {
    return statuses[this.#span.status.code] ?? 'unset';
  }

  get statusMessage(): string | undefined {
    return this.#span.status.message;
  }

  get service(): string | undefined {
    return serviceOf(this.#span.resource);
  }
}

/** The slice of a resource that attributes are read from. */
export interface AttributeResource {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly asyncAttributesPending?: boolean;
  getRawAttributes?(): readonly (readonly [string, unknown])[];
}

/** Name of the service in a resource, where it is known by now. */
export function serviceOf(resource: AttributeResource): string | undefined {
  return resourceText(resource, 'service.name');
}

/**
 * A text among the attributes of a resource, where it is known by now. While other attributes are still being found, the SDK
 * reports every look at `attributes` as an error.
 */
export function resourceText(resource: AttributeResource, name: string): string | undefined {
  const isPending = resource.asyncAttributesPending === true;
  const found = isPending ? resource.getRawAttributes?.().find(([key]) => key === name)?.[1] : undefined;
  const value = isPending ? found : resource.attributes[name];
  return typeof value === 'string' ? value : undefined;
}

/** Whole microseconds since the epoch of OpenTelemetry's `[seconds, nanoseconds]`. */
export function toMicros(time: HrTime): number {
  return time[0] * 1_000_000 + Math.floor(time[1] / 1_000);
}
