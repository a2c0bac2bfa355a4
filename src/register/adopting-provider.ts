import {
  type Context,
  context,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  type Tracer,
  type TracerOptions,
} from '@opentelemetry/api';
import { type IdGenerator, TracerProvider, type TracerProviderOptions } from '@opentelemetry/sdk-trace';
import { createIdGenerator } from '../recording/id-generator.ts';
import { adoptedTraceId } from '../telemetry/correlation-propagator.ts';
import { rootTraceId } from '../telemetry/root-correlation.ts';

/**
 * A tracer provider whose server spans take the trace id that a caller asked for. An id generator of the SDK is told nothing of the
 * context, so the id is laid ready for the moment in which a span starts, which is synchronous.
 */
export class AdoptingTracerProvider extends TracerProvider {
  readonly #ids: AdoptingIds;
  readonly #adopting = new WeakSet<Tracer>();

  constructor(options: TracerProviderOptions) {
    const ids = new AdoptingIds();
    super({ ...options, idGenerator: ids });
    this.#ids = ids;
  }

  override getTracer(name: string, version?: string, options?: TracerOptions): Tracer {
    const tracer = super.getTracer(name, version, options);
    if (!this.#adopting.has(tracer)) this.#teach(tracer);
    return tracer;
  }

  #teach(tracer: Tracer): void {
    this.#adopting.add(tracer);
    const ids = this.#ids;
    const start = tracer.startSpan.bind(tracer);
    tracer.startSpan = (name: string, options?: SpanOptions, parent: Context = context.active()) => {
      ids.isMade = false;
      if (options?.root === true) return tellRandom(start(name, options, parent), ids);
      ids.asked = options?.kind === SpanKind.SERVER ? adoptedTraceId(parent) : undefined;
      ids.told = rootTraceId(parent);
      try {
        return tellRandom(start(name, options, parent), ids);
      } finally {
        ids.asked = undefined;
        ids.told = undefined;
      }
    };
  }
}

/** https://www.w3.org/TR/trace-context-2/#random-trace-id-flag */
const random = 2;

/**
 * Trace ids that are made here are random where the flag says so, and a flag that has come with a trace goes on with it: samplers behind us
 * ask for it. The SDK keeps the flag of sampling alone. An id that a caller asked for may be anything.
 */
function tellRandom(span: Span & { readonly parentSpanContext?: SpanContext }, { isMade }: AdoptingIds): Span {
  if (!span.isRecording()) return span;
  const flag = isMade ? random : (span.parentSpanContext?.traceFlags ?? 0) & random;
  if (flag !== 0) (span.spanContext() as { traceFlags: number }).traceFlags |= flag;
  return span;
}

class AdoptingIds implements IdGenerator {
  readonly #made = createIdGenerator();
  /** What a caller asked for. */
  asked: string | undefined;
  /** What the work that begins has for its correlation id already. */
  told: string | undefined;
  /** Whether the last id was made here. */
  isMade = false;

  generateTraceId = (): string => {
    if (this.asked !== undefined) return this.asked;
    this.isMade = true;
    return this.told ?? this.#made.generateTraceId();
  };
  generateSpanId = (): string => this.#made.generateSpanId();
}
