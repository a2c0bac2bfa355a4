const slotBytes = 512;

/** Shared memory of a board: so many things that are open, each with a few texts. */
export interface BoardMemory {
  /** 0 where the slot is free, else a number that differs each time it is taken. */
  readonly marks: Int32Array;
  /** Start of each, microseconds since the epoch. */
  readonly times: Float64Array;
  /** Bytes of text of each. */
  readonly lengths: Int32Array;
  /** UTF-8, a NUL between two texts; what does not fit is cut off. */
  readonly texts: Uint8Array;
}

export function createBoardMemory(slots: number): BoardMemory {
  return {
    marks: new Int32Array(new SharedArrayBuffer(slots * Int32Array.BYTES_PER_ELEMENT)),
    times: new Float64Array(new SharedArrayBuffer(slots * Float64Array.BYTES_PER_ELEMENT)),
    lengths: new Int32Array(new SharedArrayBuffer(slots * Int32Array.BYTES_PER_ELEMENT)),
    texts: new Uint8Array(new SharedArrayBuffer(slots * slotBytes)),
  };
}

const slotKey = Symbol('spanledger.board-slot');

/** What is on a board knows its slot: a property costs hundredths of what a map does. */
interface Slotted {
  [slotKey]?: number | undefined;
}

/**
 * What is open on the main thread, written the moment it opens: when the thread is blocked in native code, memory is all that another
 * thread can see of it. Texts are written by one native call, 30 times as fast as character by character. What finds no free slot
 * is not on the board.
 */
export class OpenBoard {
  readonly #memory: BoardMemory;
  readonly #texts: Buffer;
  readonly #free: number[];
  #mark = 0;

  constructor(memory: BoardMemory) {
    this.#memory = memory;
    this.#texts = Buffer.from(memory.texts.buffer);
    this.#free = Array.from(memory.marks, (_, slot) => memory.marks.length - 1 - slot);
  }

  /** @param head short texts @param tail one that may be large: only its beginning is read. */
  add(key: object, startedAt: number, head: string, tail = ''): void {
    const slot = this.#free.pop();
    if (slot === undefined) return;
    const { marks, times, lengths } = this.#memory;
    (key as Slotted)[slotKey] = slot;
    times[slot] = startedAt;
    const start = slot * slotBytes;
    const length = this.#texts.write(head, start, slotBytes, 'utf8');
    const more = tail === '' ? 0 : this.#texts.write(tail, start + length, slotBytes - length, 'utf8');
    lengths[slot] = length + more;
    this.#mark = (this.#mark % 0x7fff_fffe) + 1;
    Atomics.store(marks, slot, this.#mark);
  }

  remove(key: object): void {
    const slot = (key as Slotted)[slotKey];
    if (slot === undefined) return;
    (key as Slotted)[slotKey] = undefined;
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

const decoder = new TextDecoder();

/** What is open, as another thread sees it; what changes while it is read is left out. Oldest first. */
export function readBoard({ marks, times, lengths, texts }: BoardMemory): readonly BoardEntry[] {
  const entries: BoardEntry[] = [];
  for (let slot = 0; slot < marks.length; slot += 1) {
    const mark = Atomics.load(marks, slot);
    if (mark === 0) continue;
    const start = slot * slotBytes;
    const text = decoder.decode(texts.slice(start, start + (lengths[slot] ?? 0)));
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
