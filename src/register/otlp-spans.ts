import { type Attributes, diag, type Link, type SpanContext } from '@opentelemetry/api';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace';
import { type Sanitizer, sanitizer } from '../storable/sanitizer.ts';
import type { Gathering } from './batch.ts';
import { OtlpAttributes } from './otlp-attributes.ts';
import { ProtobufBuffer } from './protobuf-buffer.ts';

/** Spans with the same resource and scope. */
interface Group {
  readonly resource: ReadableSpan['resource'];
  readonly scope: Scope;
}

/** What the types of the SDK do not name, and its encoders write. */
type Scope = ReadableSpan['instrumentationScope'] & {
  readonly attributes?: Attributes;
  readonly droppedAttributesCount?: number;
};

/**
 * Spans on their way to a collector: each is redacted and encoded as it is added, so that none is kept until its batch is full, which the
 * garbage collector would have to carry along. The bytes are those of `ProtobufTraceSerializer` for the redacted spans.
 */
export class OtlpSpans implements Gathering<ReadableSpan, Uint8Array | undefined> {
  readonly #sanitizer: Sanitizer;
  readonly #attributes: OtlpAttributes;
  readonly #spans = new ProtobufBuffer();
  readonly #request = new ProtobufBuffer();
  readonly #ends: number[] = [];
  readonly #groupOf: number[] = [];
  #groups: Group[] = [];

  constructor(by: Sanitizer = sanitizer()) {
    this.#sanitizer = by;
    this.#attributes = new OtlpAttributes(by);
  }

  get size(): number {
    return this.#ends.length;
  }

  /** Takes a span that has ended. Throws nothing: one that cannot be encoded is told of and left out. */
  add(span: ReadableSpan): void {
    const start = this.#spans.length;
    try {
      this.#write(span);
      this.#groupOf.push(this.#groupIndex(span));
      this.#ends.push(this.#spans.length);
    } catch (error) {
      this.#spans.truncate(start);
      diag.warn('A span could not be encoded for OTLP and is dropped.', error);
    }
  }

  /** The body of an OTLP request with all spans so far, in memory of its own; `undefined` where it cannot be made, which is told. */
  take(): Uint8Array | undefined {
    const request = this.#request;
    try {
      for (const resource of new Set(this.#groups.map((group) => group.resource))) this.#writeResourceSpans(resource);
      return new Uint8Array(request.part(0));
    } catch (error) {
      diag.warn('The resource of spans could not be encoded for OTLP.', error);
      return undefined;
    } finally {
      request.clear();
      this.#spans.clear();
      this.#ends.length = 0;
      this.#groupOf.length = 0;
      this.#groups = [];
    }
  }

  #groupIndex({ resource, instrumentationScope: scope }: ReadableSpan): number {
    const first = this.#groups[0];
    if (first?.scope === scope && first.resource === resource) return 0;
    const known = this.#groups.findIndex((group) => group.scope === scope && group.resource === resource);
    return known >= 0 ? known : this.#groups.push({ resource, scope }) - 1;
  }

  #write(span: ReadableSpan): void {
    const into = this.#spans;
    const { traceId, spanId, traceState, traceFlags } = span.spanContext();
    const { parentSpanContext: parent } = span;
    const start = into.begin(2);
    into.hex(1, traceId);
    into.hex(2, spanId);
    const state = traceState?.serialize();
    if (state) into.text(3, state);
    if (parent?.spanId) into.hex(4, parent.spanId);
    into.text(5, this.#sanitizer.text(span.name));
    into.integer(6, span.kind + 1);
    into.time(7, span.startTime);
    into.time(8, span.endTime);
    this.#attributes.write(into, 9, span.attributes, span.kind);
    into.integer(10, span.droppedAttributesCount);
    for (const event of span.events) this.#writeEvent(event);
    into.integer(12, span.droppedEventsCount);
    for (const link of span.links) this.#writeLink(link);
    into.integer(14, span.droppedLinksCount);
    this.#writeStatus(span.status);
    into.fixed32(16, flagsOf(traceFlags, parent));
    into.finish(start);
  }

  #writeEvent({ time, name, attributes, droppedAttributesCount = 0 }: TimedEvent): void {
    const into = this.#spans;
    const start = into.begin(11);
    into.time(1, time);
    into.text(2, this.#sanitizer.text(name));
    if (attributes !== undefined) this.#attributes.write(into, 3, attributes);
    into.integer(4, droppedAttributesCount);
    into.finish(start);
  }

  #writeLink({ context, attributes, droppedAttributesCount = 0 }: Link): void {
    const into = this.#spans;
    const start = into.begin(13);
    into.hex(1, context.traceId);
    into.hex(2, context.spanId);
    const state = context.traceState?.serialize();
    if (state) into.text(3, state);
    if (attributes !== undefined) this.#attributes.write(into, 4, attributes);
    into.integer(5, droppedAttributesCount);
    into.fixed32(6, flagsOf(context.traceFlags, context));
    into.finish(start);
  }

  #writeStatus({ code, message }: ReadableSpan['status']): void {
    const into = this.#spans;
    const start = into.begin(15);
    if (message) into.text(2, this.#sanitizer.text(message));
    into.integer(3, code);
    into.finish(start);
  }

  #writeResourceSpans(resource: Group['resource']): void {
    const into = this.#request;
    const start = into.begin(1);
    const described = into.begin(1);
    this.#attributes.write(into, 1, resource.attributes);
    into.integer(2, 0);
    into.finish(described);
    for (const [index, group] of this.#groups.entries()) {
      if (group.resource === resource) this.#writeScopeSpans(group.scope, index);
    }
    if (resource.schemaUrl) into.text(3, resource.schemaUrl);
    into.finish(start);
  }

  #writeScopeSpans(scope: Scope, group: number): void {
    const into = this.#request;
    const start = into.begin(2);
    const described = into.begin(1);
    into.text(1, scope.name);
    if (scope.version) into.text(2, scope.version);
    if (scope.attributes !== undefined) this.#attributes.write(into, 3, scope.attributes);
    if (scope.droppedAttributesCount) into.integer(4, scope.droppedAttributesCount);
    into.finish(described);
    this.#appendSpans(group);
    if (scope.schemaUrl) into.text(3, scope.schemaUrl);
    into.finish(start);
  }

  #appendSpans(group: number): void {
    if (this.#groups.length === 1) {
      this.#request.append(this.#spans.part(0));
      return;
    }
    let start = 0;
    for (const [index, end] of this.#ends.entries()) {
      if (this.#groupOf[index] === group) this.#request.append(this.#spans.part(start, end));
      start = end;
    }
  }
}

const flag = { knowsRemote: 0x100, isRemote: 0x200 } as const;

/** https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/ and `SpanFlags` of the protocol. */
function flagsOf(traceFlags: number, remote: SpanContext | undefined): number {
  return (traceFlags & 0xff) | flag.knowsRemote | (remote?.isRemote === true ? flag.isRemote : 0);
}
