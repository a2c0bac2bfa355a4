import { type Context, context, SpanKind, type SpanOptions, type Tracer, type TracerOptions } from '@opentelemetry/api';
import { type IdGenerator, TracerProvider, type TracerProviderOptions } from '@opentelemetry/sdk-trace';
import { createIdGenerator } from '../recording/id-generator.ts';
import { adoptedTraceId } from '../telemetry/correlation-propagator.ts';

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
    const start = tracer.startSpan.bind(tracer);
    tracer.startSpan = (name: string, options?: SpanOptions, parent: Context = context.active()) => {
      if (options?.kind !== SpanKind.SERVER || options.root === true) return start(name, options, parent);
      this.#ids.next = adoptedTraceId(parent);
      try {
        return start(name, options, parent);
      } finally {
        this.#ids.next = undefined;
      }
    };
  }
}

class AdoptingIds implements IdGenerator {
  readonly #made = createIdGenerator();
  next: string | undefined;

  generateTraceId = (): string => this.next ?? this.#made.generateTraceId();
  generateSpanId = (): string => this.#made.generateSpanId();
}
