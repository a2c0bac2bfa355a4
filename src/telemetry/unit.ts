import {
  type Attributes,
  type Context,
  diag,
  INVALID_SPANID,
  type Link,
  type Span,
  type SpanContext,
  type SpanKind,
  type SpanOptions,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { isAnnouncementHeard } from './announcer.ts';
import { type Clock, processClock, toHrTime } from './clock.ts';
import { attribute } from './conventions.ts';
import type { ErrorRecord } from './error-record.ts';
import { EventDoor } from './event-door.ts';
import { inventSpanContext } from './identity.ts';
import { ledgerTracer } from './instrumentation-scope.ts';
import { rootTraceId, withoutRootTraceId } from './root-correlation.ts';
import type { EventTransport } from './session-options.ts';
import { type TelemetryMetrics, telemetryMetrics } from './telemetry-metrics.ts';
import type { UnitEvent } from './unit-event.ts';

/** Kinds of unit: the values of `spanledger.unit`. */
export type UnitKind = 'session' | 'item' | 'step' | 'batch' | 'chunk';

/** What the units of one session share. */
export interface UnitRuntime {
  readonly clock: Clock;
  readonly tracer: Tracer;
  readonly metrics: TelemetryMetrics;
  readonly transport: EventTransport;
}

/** The runtime of units, from what is registered now. */
export function createRuntime(options: {
  clock?: Clock | undefined;
  transport?: EventTransport | undefined;
}): UnitRuntime {
  return {
    clock: options.clock ?? processClock(),
    tracer: ledgerTracer(),
    metrics: telemetryMetrics(),
    transport: options.transport ?? 'both',
  };
}

/** How a unit failed. */
export interface UnitFailure {
  readonly message: string;
  readonly type?: string;
}

/** What the conventions have for a failure without a type. */
const otherError = '_OTHER';

/** What begins a unit. */
export interface UnitStart {
  readonly kind: UnitKind;
  readonly spanName: string;
  /**
   * Attributes of the span, set at its start, so that processors see them. The unit takes the object over and adds its
   * mark.
   */
  readonly attributes: Attributes;
  readonly parent: Context;
  /** A trace of its own, linked instead of nested. */
  readonly root?: boolean;
  readonly links?: readonly Link[];
  /** Default: internal. */
  readonly spanKind?: SpanKind;
  /** Version to go on from. */
  readonly version?: number | undefined;
}

/** One unit of work: a span, the context inside it, and the door of its events. */
export class Unit {
  readonly runtime: UnitRuntime;
  readonly kind: UnitKind;
  readonly span: Span;
  /** Valid even where no SDK is registered, if anybody listens. */
  readonly spanContext: SpanContext;
  readonly context: Context;
  readonly attributes: Attributes;
  /** Microseconds since the epoch. */
  readonly startedAt: number;
  readonly #door: EventDoor;
  #children = 0;
  #ended = false;
  #errorType = otherError;

  constructor(runtime: UnitRuntime, start: UnitStart) {
    this.runtime = runtime;
    this.kind = start.kind;
    this.attributes = start.attributes;
    this.attributes[attribute.unit] = start.kind;
    this.startedAt = runtime.clock.now();
    this.span = startSpan(runtime.tracer, start, this.attributes, this.startedAt);
    this.spanContext = this.span.spanContext();
    this.context = trace.setSpan(withoutRootTraceId(start.parent), this.span);
    this.#door = new EventDoor({
      span: this.span,
      spanContext: this.spanContext,
      context: this.context,
      attributes: this.attributes,
      clock: runtime.clock,
      transport: runtime.transport,
      version: Math.max(this.startedAt, start.version ?? 0),
    });
    runtime.metrics.unitOpened(this);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Version after the last event. */
  get version(): number {
    return this.#door.version;
  }

  /** Position for the next child, from 0. */
  nextOrder(): number {
    this.#children += 1;
    return this.#children - 1;
  }

  /** Whether an event would be heard. */
  get isHeard(): boolean {
    return this.#door.isHeard;
  }

  emit(event: UnitEvent): void {
    this.#door.emit(event);
  }

  /** Tells of its start while it is open, to whoever takes log events. */
  tellStart(name: string, message: string): void {
    this.#door.tellStart(name, message);
  }

  recordException(record: ErrorRecord): void {
    this.#errorType = record.type;
    this.#door.recordException(record.exception);
  }

  elapsedMillis(): number {
    return Math.max(0, this.runtime.clock.now() - this.startedAt) / 1_000;
  }

  /** Ends the span, once; as failed where a failure is given: of this type, else that of the last exception. Returns the duration in milliseconds. */
  end(failure?: UnitFailure, attributes?: Attributes): number {
    if (this.#ended) return 0;
    this.#ended = true;
    const endedAt = Math.max(this.runtime.clock.now(), this.#door.version);
    this.runtime.metrics.unitClosed(this);
    try {
      if (attributes !== undefined) this.span.setAttributes(attributes);
      if (failure !== undefined) {
        this.span.setAttribute(attribute.errorType, failure.type ?? this.#errorType);
        this.span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
      }
      this.span.end(toHrTime(endedAt));
    } catch (error) {
      diag.error('spanledger: a span processor threw at the end of a span', error);
    }
    return (endedAt - this.startedAt) / 1_000;
  }
}

/** A span processor that throws must not reach the host; the unit goes on without a recording span then. */
function startSpan(tracer: Tracer, start: UnitStart, attributes: Attributes, startedAt: number): Span {
  const parent = start.root === true ? undefined : trace.getSpanContext(start.parent);
  try {
    const span = tracer.startSpan(start.spanName, spanOptions(start, attributes, startedAt), start.parent);
    // Without an SDK, a span has no ids, or those of its parent.
    const { spanId } = span.spanContext();
    if (spanId !== INVALID_SPANID && spanId !== parent?.spanId) return span;
    if (start.kind !== 'session' && !isAnnouncementHeard()) return span;
  } catch (error) {
    diag.error('spanledger: a span processor threw at the start of a span', error);
  }
  return trace.wrapSpanContext(inventSpanContext(parent, rootTraceId(start.parent)));
}

function spanOptions(start: UnitStart, attributes: Attributes, startedAt: number): SpanOptions {
  const options: SpanOptions = { attributes, startTime: toHrTime(startedAt) };
  if (start.root === true) options.root = true;
  if (start.links !== undefined) options.links = [...start.links];
  if (start.spanKind !== undefined) options.kind = start.spanKind;
  return options;
}
