import { join } from 'node:path';
import { recordClasses } from '../projection/record.ts';
import type { JournalClock } from './clock.ts';
import type { JournalFileSystem } from './file-system.ts';
import { deadLetterRoot, journalRoot } from './layout.ts';

/** At which share of the cap a class is no longer taken. */
const limitOf = { request: 0.9, progress: 0.95, audit: 1 } as const satisfies Record<
  (typeof recordClasses)[number],
  number
>;

const measureMillis = 1_000;

/**
 * Decides what is still taken when the journal nears its cap: requests up to 90 %, progress up to 95 %, audit up to the
 * whole. All instances in the directory count, dead ones too, and so do dead letters: a database that refuses everything must not fill the
 * disk either. A size is believed until it matters, then measured anew.
 */
export class Capacity {
  readonly #root: string;
  readonly #deadLetters: string;
  readonly #maxBytes: number;
  readonly #files: JournalFileSystem;
  readonly #limits: readonly number[];
  #total = 0;
  #measuredAt = Number.NEGATIVE_INFINITY;

  constructor(directory: string, maxBytes: number, files: JournalFileSystem) {
    this.#root = journalRoot(directory);
    this.#deadLetters = deadLetterRoot(directory);
    this.#maxBytes = maxBytes;
    this.#files = files;
    this.#limits = recordClasses.map((name) => limitOf[name] * maxBytes);
  }

  grow(bytes: number): void {
    this.#total += bytes;
  }

  admits(kind: number, clock: JournalClock): boolean {
    const limit = this.#limits[kind] ?? this.#maxBytes;
    if (this.#total < limit) return true;
    const time = clock.now();
    if (Math.abs(time - this.#measuredAt) >= measureMillis) this.measure(time);
    return this.#total < limit;
  }

  /** Adds up what is on disk. Segments go away when they have been shipped, and other processes write too. */
  measure(now: number): void {
    this.#measuredAt = now;
    const places = this.#list(this.#root).map((name) => join(this.#root, name));
    this.#total = [...places, this.#deadLetters].reduce((sum, place) => sum + this.#sizeOf(place), 0);
  }

  #sizeOf(place: string): number {
    return this.#list(place).reduce((sum, name) => sum + this.#fileSize(join(place, name)), 0);
  }

  #fileSize(path: string): number {
    try {
      return path.endsWith('.log') ? this.#files.statSync(path).size : 0;
    } catch {
      return 0;
    }
  }

  #list(path: string): readonly string[] {
    try {
      return this.#files.readdirSync(path);
    } catch {
      return [];
    }
  }
}
