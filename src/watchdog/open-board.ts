const slotUnits = 256;

/** Shared memory of a board: so many things that are open, each with a few texts. */
export interface BoardMemory {
  /** 0 where the slot is free, else a number that differs each time it is taken. */
  readonly marks: Int32Array;
  /** Start of each, microseconds since the epoch. */
  readonly times: Float64Array;
  /** UTF-16 units; the first of a slot is the length of the rest. */
  readonly texts: Uint16Array;
}

export function createBoardMemory(slots: number): BoardMemory {
  return {
    marks: new Int32Array(new SharedArrayBuffer(slots * Int32Array.BYTES_PER_ELEMENT)),
    times: new Float64Array(new SharedArrayBuffer(slots * Float64Array.BYTES_PER_ELEMENT)),
    texts: new Uint16Array(new SharedArrayBuffer(slots * slotUnits * Uint16Array.BYTES_PER_ELEMENT)),
  };
}

/** A text and how much of it is kept, in UTF-16 units. */
export type BoardField = readonly [text: unknown, max: number];

const separator = 0;

/**
 * What is open on the main thread, written the moment it opens: when the thread is blocked in native code, memory is all that another
 * thread can see of it. Costs tenths of a microsecond; what finds no free slot is not on the board.
 */
export class OpenBoard {
  readonly #memory: BoardMemory;
  readonly #free: number[];
  readonly #slots = new Map<object, number>();
  #mark = 0;

  constructor(memory: BoardMemory) {
    this.#memory = memory;
    this.#free = Array.from(memory.marks, (_, slot) => memory.marks.length - 1 - slot);
  }

  add(key: object, startedAt: number, fields: readonly BoardField[]): void {
    const slot = this.#free.pop();
    if (slot === undefined) return;
    const { marks, times, texts } = this.#memory;
    this.#slots.set(key, slot);
    times[slot] = startedAt;
    const start = slot * slotUnits + 1;
    const end = start + slotUnits - 1;
    let at = start;
    for (const [text, max] of fields) {
      if (typeof text === 'string') {
        const length = Math.min(text.length, max, end - at);
        for (let index = 0; index < length; index += 1) texts[at + index] = text.charCodeAt(index);
        at += length;
      }
      if (at < end) {
        texts[at] = separator;
        at += 1;
      }
    }
    texts[start - 1] = at - start;
    this.#mark = (this.#mark % 0x7fff_fffe) + 1;
    Atomics.store(marks, slot, this.#mark);
  }

  remove(key: object): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    this.#slots.delete(key);
    Atomics.store(this.#memory.marks, slot, 0);
    this.#free.push(slot);
  }
}

/** One thing that is open. */
export interface BoardEntry {
  /** Microseconds since the epoch. */
  readonly startedAt: number;
  readonly fields: readonly string[];
}

/** What is open, as another thread sees it; what changes while it is read is left out. Oldest first. */
export function readBoard({ marks, times, texts }: BoardMemory): readonly BoardEntry[] {
  const entries: BoardEntry[] = [];
  for (let slot = 0; slot < marks.length; slot += 1) {
    const mark = Atomics.load(marks, slot);
    if (mark === 0) continue;
    const start = slot * slotUnits;
    const text = String.fromCharCode(...texts.subarray(start + 1, start + 1 + (texts[start] ?? 0)));
    const startedAt = times[slot] ?? 0;
    if (Atomics.load(marks, slot) === mark) entries.push({ startedAt, fields: text.split('\0') });
  }
  return entries.sort((one, other) => one.startedAt - other.startedAt);
}

/** The oldest of what is open; cheaper than reading all of it. */
export function oldestStart({ marks, times }: BoardMemory): number | undefined {
  let oldest: number | undefined;
  for (let slot = 0; slot < marks.length; slot += 1) {
    if (Atomics.load(marks, slot) === 0) continue;
    const at = times[slot] ?? 0;
    if (oldest === undefined || at < oldest) oldest = at;
  }
  return oldest;
}
