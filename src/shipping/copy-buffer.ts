import { BufferPool } from './buffer-pool.ts';

const signature = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
/** Widest value of a type of fixed length, its length word included. */
const fixedBytes = 20;
/** UTF-8 bytes per UTF-16 unit at most. */
const maxBytesPerUnit = 3;
/** Up to this length a loop copies faster than a call. */
const loopBytes = 40;
/** Postgres counts microseconds from 2000-01-01. */
const postgresEpochMicros = Date.UTC(2000, 0, 1) * 1000;
const maxInt32 = 0x7fff_ffff;
const jsonbFormat = 1;
const uuidBytes = 16;

const noBytes = Buffer.alloc(0);

/** Where a text goes: as it is, or as the text of a jsonb. */
export type TextKind = 'text' | 'jsonb';

/**
 * Rows in Postgres' binary COPY format, in one buffer that grows.
 * https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4
 *
 * What does not fit its type is answered with `false` and leaves the buffer as it was.
 */
export class CopyBuffer {
  /** Bytes of what a COPY begins with. */
  static readonly headBytes = signature.length;

  readonly #pool: BufferPool;
  #bytes: Buffer;
  #view: DataView;
  #at = 0;

  /** A buffer for about so many bytes; `release` gives its memory back to the pool. */
  constructor(capacity: number, pool = new BufferPool()) {
    this.#pool = pool;
    this.#bytes = pool.take(capacity);
    this.#view = viewOf(this.#bytes);
  }

  /** Gives the memory back. Nothing that came from this buffer may be read afterwards. */
  release(): void {
    this.#pool.give(this.#bytes);
    this.#bytes = noBytes;
    this.#view = viewOf(noBytes);
    this.#at = 0;
  }

  get length(): number {
    return this.#at;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Where the cell at `at` ends. */
  cellEnd(at: number): number {
    const length = this.#view.getInt32(at);
    return at + 4 + Math.max(length, 0);
  }

  /** The number in a cell of eight bytes, as far as a number can tell it. */
  bigintAt(at: number): number {
    return this.#view.getInt32(at + 4) * 0x1_0000_0000 + this.#view.getUint32(at + 8);
  }

  /** What a COPY begins with. */
  begin(): void {
    this.#reserve(signature.length);
    this.#at += signature.copy(this.#bytes, this.#at);
  }

  beginRow(columns: number): void {
    this.#reserve(2);
    this.#view.setInt16(this.#at, columns);
    this.#at += 2;
  }

  /** What a COPY ends with. */
  end(): void {
    this.#reserve(2);
    this.#view.setInt16(this.#at, -1);
    this.#at += 2;
  }

  toBytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Takes back what was written behind `length`. */
  truncate(length: number): void {
    this.#at = length;
  }

  null(): void {
    this.#reserve(4);
    this.#view.setInt32(this.#at, -1);
    this.#at += 4;
  }

  text(kind: TextKind, value: string): void {
    const head = headOf(kind);
    this.#reserve(head + value.length * maxBytesPerUnit);
    const start = this.#at + head;
    this.#endText(kind, start, start + this.#bytes.write(value, start, 'utf8'));
  }

  /** Bytes of a text in UTF-8. */
  textBytes(kind: TextKind, source: Uint8Array, from: number, to: number): void {
    const head = headOf(kind);
    this.#reserve(head + to - from);
    const start = this.#at + head;
    this.#put(source, from, to, start);
    this.#endText(kind, start, start + to - from);
  }

  /**
   * The text of a JSON string: bytes between its quotes, with their escapes. `false` where it takes more than one byte for an
   * escape, or where jsonb might not take what comes out.
   */
  jsonString(kind: TextKind, source: Uint8Array, from: number, to: number): boolean {
    const head = headOf(kind);
    this.#reserve(head + to - from);
    const bytes = this.#bytes;
    const start = this.#at + head;
    let end = start;
    for (let at = from; at < to; at += 1) {
      let byte = source[at] ?? 0;
      if (byte === backslash) {
        at += 1;
        byte = unescaped[source[at] ?? 0] ?? 0;
        if (byte === 0 || (byte === backslash && kind === 'jsonb' && source[at + 1] === letterU)) return false;
      }
      bytes[end] = byte;
      end += 1;
    }
    this.#endText(kind, start, end);
    return true;
  }

  /** 32 hex digits. */
  uuid(source: Uint8Array, from: number, to: number): boolean {
    if (to - from !== 2 * uuidBytes) return false;
    this.#reserve(fixedBytes);
    const bytes = this.#bytes;
    const start = this.#at + 4;
    for (let index = 0; index < uuidBytes; index += 1) {
      const high = nibbles[source[from + 2 * index] ?? 0] ?? noNibble;
      const low = nibbles[source[from + 2 * index + 1] ?? 0] ?? noNibble;
      if (high === noNibble || low === noNibble) return false;
      bytes[start + index] = (high << 4) | low;
    }
    this.#view.setInt32(this.#at, uuidBytes);
    this.#at = start + uuidBytes;
    return true;
  }

  integer(value: number): boolean {
    if (!Number.isInteger(value) || value > maxInt32 || value < -maxInt32 - 1) return false;
    this.#reserve(fixedBytes);
    this.#view.setInt32(this.#at, 4);
    this.#view.setInt32(this.#at + 4, value);
    this.#at += 8;
    return true;
  }

  bigint(value: number): boolean {
    if (!Number.isSafeInteger(value)) return false;
    this.#reserve(fixedBytes);
    this.#view.setInt32(this.#at, 8);
    this.#int64(this.#at + 4, value);
    this.#at += 12;
    return true;
  }

  /** Microseconds since the epoch. */
  timestamp(micros: number): boolean {
    return Number.isSafeInteger(micros) && this.bigint(micros - postgresEpochMicros);
  }

  double(value: number): void {
    this.#reserve(fixedBytes);
    this.#view.setInt32(this.#at, 8);
    this.#view.setFloat64(this.#at + 4, value);
    this.#at += 12;
  }

  /** Cells or rows that are encoded already. */
  encoded(source: Uint8Array, from: number, to: number): void {
    this.#reserve(to - from);
    this.#put(source, from, to, this.#at);
    this.#at += to - from;
  }

  #endText(kind: TextKind, start: number, end: number): void {
    const head = headOf(kind);
    if (kind === 'jsonb') this.#bytes[start - 1] = jsonbFormat;
    this.#view.setInt32(start - head, end - start + head - 4);
    this.#at = end;
  }

  #put(source: Uint8Array, from: number, to: number, at: number): void {
    const bytes = this.#bytes;
    if (to - from > loopBytes) bytes.set(source.subarray(from, to), at);
    else for (let index = from, target = at; index < to; index += 1, target += 1) bytes[target] = source[index] ?? 0;
  }

  #int64(at: number, value: number): void {
    const high = Math.floor(value / 0x1_0000_0000);
    this.#view.setInt32(at, high);
    this.#view.setUint32(at + 4, value - high * 0x1_0000_0000);
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = this.#pool.take(Math.max(this.#bytes.length * 2, this.#at + bytes));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#pool.give(this.#bytes);
    this.#bytes = larger;
    this.#view = viewOf(larger);
  }
}

/** The length word, and with jsonb the number of its format. */
function headOf(kind: TextKind): number {
  return kind === 'text' ? 4 : 5;
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

const backslash = 92;
const letterU = 117;

/** The byte that an escape stands for; 0 for `\u`, which is left to others. */
const unescaped = new Uint8Array(256);
for (const [letter, text] of Object.entries({
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
})) {
  unescaped[letter.charCodeAt(0)] = text.charCodeAt(0);
}

const noNibble = 16;
const nibbles = new Uint8Array(256).fill(noNibble);
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  nibbles[digit.charCodeAt(0)] = value;
  nibbles[digit.toUpperCase().charCodeAt(0)] = value;
}
