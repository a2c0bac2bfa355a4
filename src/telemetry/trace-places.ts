import type { Attributes, Context, SpanContext } from '@opentelemetry/api';
import { trace } from '@opentelemetry/api';
import { attribute, spanTable } from './conventions.ts';
import { TraceBudget } from './trace-budget.ts';
import { Unit } from './unit.ts';

/** A place for one item: the parent of its span, and the budget of the trace it lies in. */
export interface TracePlace {
  readonly context: Context;
  readonly budget: TraceBudget;
  /** The item has ended. */
  release(): void;
}

/** What the traces of a session are made of. */
export interface TracePlacesOptions {
  readonly session: Unit;
  /** Context of the session, with its scope and correlation id. */
  readonly context: Context;
  readonly identity: Attributes;
  readonly taskName: string;
  readonly maxItems: number;
  readonly maxSpans: number;
}

/** OpenTelemetry keeps 128 links on a span; each chunk links to the session in any case. */
const maxLinks = 100;

/**
 * Places items in traces. A small session is one trace. A larger one goes on in chunks: traces of their own, linked with
 * the session both ways, so that no trace grows beyond what a viewer can show.
 */
export class TracePlaces {
  readonly #options: TracePlacesOptions;
  readonly #own: TracePlace;
  readonly #open = new Set<Chunk>();
  #chunk: Chunk | undefined;
  #inSession = 0;
  #chunks = 0;
  #overflow = 0;

  constructor(options: TracePlacesOptions) {
    this.#options = options;
    const budget = new TraceBudget(options.maxSpans);
    budget.count();
    this.#own = { context: options.context, budget, release: () => undefined };
  }

  /** The budget of the session's own trace. */
  get budget(): TraceBudget {
    return this.#own.budget;
  }

  /** Spans kept out of all traces of the session. */
  get overflow(): number {
    return this.#overflow + this.#own.budget.overflow;
  }

  /** The place for the next item. `total` is how many items the session is known to have. */
  next(total: number): TracePlace {
    const { maxItems } = this.#options;
    if (this.#chunks === 0 && this.#inSession < maxItems && total <= maxItems) {
      this.#inSession += 1;
      this.#own.budget.count();
      return this.#own;
    }
    this.#chunk ??= this.#openChunk();
    const chunk = this.#chunk;
    if (chunk.take() >= maxItems) this.#chunk = undefined;
    return chunk;
  }

  /** Ends what is still open. */
  close(): void {
    this.#chunk = undefined;
    for (const chunk of this.#open) chunk.end();
  }

  #openChunk(): Chunk {
    const { session, context, identity, taskName, maxItems, maxSpans } = this.#options;
    const unit = new Unit(session.runtime, {
      kind: 'chunk',
      spanName: spanTable.chunk[0],
      attributes: {
        ...identity,
        [attribute.taskName]: taskName,
        [attribute.stepName]: spanTable.chunk[0],
        [attribute.order]: this.#chunks,
      },
      parent: context,
      root: true,
      links: [{ context: session.spanContext }],
    });
    if (this.#chunks < maxLinks) linkTo(session, unit.spanContext);
    this.#chunks += 1;
    const chunk: Chunk = new Chunk(unit, trace.setSpan(context, unit.span), { maxItems, maxSpans }, () => {
      this.#open.delete(chunk);
      this.#overflow += chunk.budget.overflow;
    });
    this.#open.add(chunk);
    return chunk;
  }
}

/** `addLink` came with 1.9 of the API; spans of other makers may not have it. */
function linkTo(unit: Unit, target: SpanContext): void {
  if (typeof unit.span.addLink === 'function') unit.span.addLink({ context: target });
}

class Chunk implements TracePlace {
  readonly context: Context;
  readonly budget: TraceBudget;
  readonly #unit: Unit;
  readonly #maxItems: number;
  readonly #ended: () => void;
  #taken = 0;
  #released = 0;

  constructor(unit: Unit, context: Context, limits: { maxItems: number; maxSpans: number }, ended: () => void) {
    this.#unit = unit;
    this.context = context;
    this.budget = new TraceBudget(limits.maxSpans);
    this.budget.count();
    this.#maxItems = limits.maxItems;
    this.#ended = ended;
  }

  /** Takes a place and returns how many are taken. */
  take(): number {
    this.#taken += 1;
    this.budget.count();
    return this.#taken;
  }

  release(): void {
    this.#released += 1;
    if (this.#released >= this.#maxItems) this.end();
  }

  end(): void {
    if (this.#unit.ended) return;
    const { overflow } = this.budget;
    this.#unit.end(undefined, overflow > 0 ? { [attribute.overflow]: overflow } : undefined);
    this.#ended();
  }
}
