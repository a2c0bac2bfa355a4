import { type Context, TraceFlags, trace } from '@opentelemetry/api';

/** Counts the spans of one trace and keeps those beyond its budget out of it. */
export class TraceBudget {
  readonly #maxSpans: number;
  #spans = 0;
  #overflow = 0;

  constructor(maxSpans: number) {
    this.#maxSpans = maxSpans;
  }

  /** Spans that were kept out. */
  get overflow(): number {
    return this.#overflow;
  }

  /** Counts a span that belongs to the trace in any case. */
  count(): void {
    this.#spans += 1;
  }

  /**
   * The parent for one more span: as given while there is room, then the same parent marked unsampled, under which a
   * processor still makes its rows.
   */
  admit(parent: Context): Context {
    this.#spans += 1;
    if (this.#spans <= this.#maxSpans) return parent;
    this.#overflow += 1;
    const span = trace.getSpanContext(parent);
    if (span === undefined) return parent;
    return trace.setSpan(parent, trace.wrapSpanContext({ ...span, traceFlags: TraceFlags.NONE }));
  }
}
