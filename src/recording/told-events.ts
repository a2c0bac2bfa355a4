import { attribute } from '../telemetry/conventions.ts';

const mostPerGeneration = 32_768;

/** The numbered events of spans, as far as the last 32,768 to 65,536 of them are remembered. */
export class ToldEvents {
  #recent = new Set<string>();
  #older = new Set<string>();

  /**
   * True the first time it is asked about an event, false afterwards. An event travels on its span and as a log record;
   * whichever exporter sees it first records it. Events without a number are always told for the first time.
   */
  isFirst(spanId: string | undefined, attributes: Readonly<Record<string, unknown>>): boolean {
    const seq = attributes[attribute.seq];
    if (spanId === undefined || typeof seq !== 'number') return true;
    const key = `${spanId}:${seq}`;
    if (this.#recent.has(key) || this.#older.has(key)) return false;
    if (this.#recent.size >= mostPerGeneration) {
      this.#older = this.#recent;
      this.#recent = new Set();
    }
    this.#recent.add(key);
    return true;
  }
}

const key = Symbol.for('spanledger.told-events.v1');
const slot = globalThis as { [key]?: ToldEvents };

/** The events that exporters of this process have recorded. */
export function toldEvents(): ToldEvents {
  slot[key] ??= new ToldEvents();
  return slot[key];
}
