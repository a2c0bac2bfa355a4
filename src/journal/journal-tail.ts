import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type JournalClock, systemJournalClock } from './clock.ts';
import type { JournalEntry } from './journal.ts';
import { bySegment, journalRoot, laneOf, parseSegmentFile, segmentPath } from './layout.ts';
import { readOpenSegment } from './segment-reader.ts';

export interface TailOptions {
  /** Ends the following; the generator then returns. */
  readonly signal: AbortSignal;
  /** `now`: only what is appended from now on. `beginning`: everything that is still in the journal first. Default `now`. */
  readonly from?: 'now' | 'beginning';
  /** Pause between two looks. Default 200 ms. */
  readonly pollMillis?: number;
  readonly clock?: JournalClock;
  /** Called when following has begun: what is appended from then on is told. */
  readonly onBegin?: () => void;
}

/** A segment that is followed. It stays open, so that its end is read even if it is shipped and removed meanwhile. */
interface Followed {
  readonly file: FileHandle;
  readonly path: string;
  offset: number;
}

/** Entries of all instances as they are appended, those of one instance in order, until `signal` is aborted. */
export async function* tailJournal(directory: string, options: TailOptions): AsyncGenerator<JournalEntry, void> {
  const { signal, from = 'now', pollMillis = 200, clock = systemJournalClock } = options;
  const follower = new Follower(journalRoot(directory));
  try {
    if (from === 'now') await follower.skipWhatIsThere();
    options.onBegin?.();
    while (!signal.aborted) {
      yield* follower.read(signal);
      await clock.sleep(pollMillis, signal);
    }
  } finally {
    await follower.close();
  }
}

class Follower {
  readonly #root: string;
  readonly #followed = new Map<string, Followed>();
  readonly #done = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  async skipWhatIsThere(): Promise<void> {
    await this.#discover();
    for (const segment of this.#followed.values()) segment.offset = (await segment.file.stat()).size;
  }

  async *read(signal: AbortSignal): AsyncGenerator<JournalEntry, void> {
    const present = await this.#discover();
    for (const segment of [...this.#followed.values()]) {
      let isFinished = false;
      for (let goesOn = true; goesOn && !signal.aborted; ) {
        const stretch = await readOpenSegment(segment.file, segment.path, { from: segment.offset });
        if (stretch.status !== 'read') break;
        yield* stretch.entries;
        segment.offset = stretch.to;
        goesOn = stretch.tail === 'more';
        isFinished = stretch.tail === 'end' && !present.isLast(segment.path);
      }
      if (isFinished || !present.has(segment.path)) await this.#finish(segment);
    }
  }

  async close(): Promise<void> {
    for (const { file } of this.#followed.values()) await file.close();
    this.#followed.clear();
  }

  async #finish(segment: Followed): Promise<void> {
    this.#followed.delete(segment.path);
    this.#done.add(segment.path);
    await segment.file.close();
  }

  async #discover(): Promise<Presence> {
    const presence = new Presence();
    for (const name of (await readdir(this.#root).catch(() => [])).sort()) {
      const instance = join(this.#root, name);
      const files = await readdir(instance).catch(() => []);
      const segments = files.map(parseSegmentFile).filter((segment) => segment !== undefined);
      segments.sort(bySegment);
      for (const segment of segments) await this.#follow(segmentPath(instance, segment));
      for (const lane of ['main', 'watch'] as const) {
        presence.add(
          segments.filter((segment) => laneOf(segment) === lane).map((segment) => segmentPath(instance, segment)),
        );
      }
    }
    for (const path of this.#done) if (!presence.has(path)) this.#done.delete(path);
    return presence;
  }

  async #follow(path: string): Promise<void> {
    if (this.#followed.has(path) || this.#done.has(path)) return;
    const file = await open(path, 'r').catch(() => undefined);
    if (file !== undefined) this.#followed.set(path, { file, path, offset: 0 });
  }
}

/** The segments that a look has found. */
class Presence {
  readonly #paths = new Set<string>();
  readonly #last = new Set<string>();

  add(paths: readonly string[]): void {
    for (const path of paths) this.#paths.add(path);
    const last = paths.at(-1);
    if (last !== undefined) this.#last.add(last);
  }

  has(path: string): boolean {
    return this.#paths.has(path);
  }

  isLast(path: string): boolean {
    return this.#last.has(path);
  }
}
