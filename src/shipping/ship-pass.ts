import type { ShippedPart } from './doubtful-shipments.ts';
import type { StretchReader } from './stretch-reader.ts';

/** What one pass over the journals did. */
export interface ShipReport {
  /** `caught-up`: everything that was there is stored, but for what `hasMore` tells of. */
  readonly status: 'caught-up' | 'unavailable' | 'aborted';
  /** One's own journal is stored; those of dead processes are not yet. */
  readonly hasMore: boolean;
  /** Why the store was unavailable: a SQLSTATE, a system error or an error code of ours. */
  readonly code?: string;
  readonly message?: string;
  /** What to do about it, where we know. */
  readonly action?: string;
  readonly records: number;
  readonly deadLetters: number;
  readonly bytes: number;
  readonly removedSegments: number;
  /** Segments that nothing can be made of, with the reason. They stay where they are. */
  readonly unreadable: readonly string[];
}

/** How far a pass has got. */
export interface ShipProgress {
  readonly records: number;
  readonly deadLetters: number;
  readonly bytes: number;
  /** Bytes of journal there were when the pass began. */
  readonly totalBytes: number;
}

export interface ShipOnceOptions {
  /** Ends the pass after the shipment that is on its way. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ShipProgress) => void;
  /**
   * How long the journals of dead processes are worked on when one's own is stored, default without limit: what they left waits
   * already, and one's own work is in progress meanwhile.
   */
  readonly adoptionMillis?: number;
}

/** Why a pass ends. */
export type Stop = Pick<ShipReport, 'status' | 'code' | 'message' | 'action'>;

/** What a pass has done so far. */
export class ShipPass {
  readonly signal: AbortSignal | undefined;
  readonly reader: StretchReader;
  readonly unreadable: string[] = [];
  /** Bytes of journal that there were when it began. */
  totalBytes = 0;
  /** The rest is left to the next pass. */
  hasMore = false;
  records = 0;
  deadLetters = 0;
  bytes = 0;
  removedSegments = 0;
  readonly #onProgress: ((progress: ShipProgress) => void) | undefined;
  readonly #adoption: Adoption | undefined;

  constructor(reader: StretchReader, options: ShipOnceOptions, now: () => number) {
    this.reader = reader;
    this.signal = options.signal;
    this.#onProgress = options.onProgress;
    if (options.adoptionMillis !== undefined)
      this.#adoption = new Adoption(options.adoptionMillis, options.signal, now);
  }

  /** Ends work on the journals of others. */
  adoption(): AbortSignal | undefined {
    return this.#adoption?.begin() ?? this.signal;
  }

  add(part: ShippedPart): void {
    this.records += part.records;
    this.deadLetters += part.deadLetters;
    this.bytes += part.bytes;
    this.#adoption?.endInTime();
    const { records, deadLetters, bytes, totalBytes } = this;
    this.#onProgress?.({ records, deadLetters, bytes, totalBytes });
  }

  report(stop: Stop): ShipReport {
    const { records, deadLetters, bytes, removedSegments, unreadable, hasMore } = this;
    return { ...stop, records, deadLetters, bytes, removedSegments, unreadable, hasMore };
  }
}

/** The time within a pass that goes to the journals of others. It ends only when something was stored, so that each pass gets on. */
class Adoption {
  readonly #micros: number;
  readonly #now: () => number;
  readonly #over = new AbortController();
  readonly #stopped: AbortSignal | undefined;
  #signal: AbortSignal | undefined;
  #beganAt: number | undefined;

  constructor(millis: number, signal: AbortSignal | undefined, now: () => number) {
    this.#micros = millis * 1000;
    this.#now = now;
    this.#stopped = signal;
  }

  begin(): AbortSignal {
    this.#beganAt ??= this.#now();
    // Not before it is needed: a signal that lives as long as the process keeps a trace of each that was derived from it.
    this.#signal ??= AbortSignal.any([...(this.#stopped === undefined ? [] : [this.#stopped]), this.#over.signal]);
    return this.#signal;
  }

  endInTime(): void {
    if (this.#beganAt !== undefined && Math.abs(this.#now() - this.#beganAt) >= this.#micros) this.#over.abort();
  }
}
