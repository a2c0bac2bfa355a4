import type { CopyBuffer } from './copy-buffer.ts';

const initialSlots = 1024;
const fnvPrime = 0x01000193;
const fnvOffset = 0x811c9dc5;

/** Numbers keys in the order of their first appearance. Keys are bytes in a buffer, so none becomes a text. */
export class KeyIndex {
  readonly #buffer: CopyBuffer;
  /** Number of the key plus 1, by hash, with linear probing; 0 where there is none. */
  #slots = new Int32Array(initialSlots);
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #hashes: number[] = [];

  constructor(buffer: CopyBuffer) {
    this.#buffer = buffer;
  }

  /** The number of the key between two places of the buffer; the next number, if it is new. */
  groupOf(start: number, end: number): number {
    const hash = this.#hashOf(start, end);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = (this.#slots[slot] ?? 0) - 1;
      if (number < 0) return this.#add(slot, hash, start, end);
      if (this.#hashes[number] === hash && this.#isSame(number, start, end)) return number;
    }
  }

  #add(slot: number, hash: number, start: number, end: number): number {
    this.#starts.push(start);
    this.#ends.push(end);
    const count = this.#hashes.push(hash);
    this.#slots[slot] = count;
    if (count * 2 > this.#slots.length) this.#grow();
    return count - 1;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 4);
    const mask = slots.length - 1;
    for (const [number, hash] of this.#hashes.entries()) {
      let slot = hash & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
    this.#slots = slots;
  }

  #isSame(number: number, start: number, end: number): boolean {
    const bytes = this.#buffer.bytes;
    const other = this.#starts[number] ?? 0;
    if ((this.#ends[number] ?? 0) - other !== end - start) return false;
    for (let offset = 0; offset < end - start; offset += 1) {
      if (bytes[start + offset] !== bytes[other + offset]) return false;
    }
    return true;
  }

  /** FNV-1a. */
  #hashOf(start: number, end: number): number {
    const bytes = this.#buffer.bytes;
    let hash = fnvOffset;
    for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), fnvPrime);
    return hash ^ (hash >>> 15);
  }
}
