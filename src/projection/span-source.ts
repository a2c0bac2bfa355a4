/** Attributes of any origin: SDK 2 has primitives and their lists, SDK 3 and OTLP nested values, null and bytes. */
export type SourceAttributes = Readonly<Record<string, unknown>>;

/** A span of any origin, as far as the ledger reads it. Times are microseconds since the Unix epoch. */
export interface SpanSource {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string | undefined;
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly name: string;
  readonly startAt: number;
  /** Meaningless until the span has ended. */
  readonly endAt: number;
  readonly attributes: SourceAttributes;
  readonly events: readonly EventSource[];
  readonly links: readonly LinkSource[];
  readonly status: 'unset' | 'ok' | 'error';
  readonly statusMessage?: string | undefined;
  /** Service name of the resource. */
  readonly service?: string | undefined;
}

/** An event of a span. */
export interface EventSource {
  readonly name: string;
  readonly at: number;
  readonly attributes: SourceAttributes;
}

/** A link of a span. */
export interface LinkSource {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: SourceAttributes;
}

/** A log record of any origin, as far as the ledger reads it. */
export interface LogSource {
  readonly at: number;
  readonly traceId?: string | undefined;
  readonly spanId?: string | undefined;
  readonly severityNumber?: number | undefined;
  readonly severityText?: string | undefined;
  readonly body: unknown;
  readonly eventName?: string | undefined;
  readonly attributes: SourceAttributes;
  /** Name of the instrumentation scope, which for most bridges is the logger's name. */
  readonly scope?: string | undefined;
  readonly service?: string | undefined;
}
