import type { HrTime } from '@opentelemetry/api';

const initialBytes = 64 * 1024;
/** A buffer that has grown beyond this is given back when it is cleared. */
const mostKeptBytes = 1024 * 1024;
/** Texts that are longer are written by Node.js, the call of which costs as much as so many characters. */
const longestInline = 128;

const wire = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 } as const;
const twoTo32 = 2 ** 32;

/**
 * One reusable buffer that fields of protobuf messages are written into, one behind the other:
 * https://protobuf.dev/programming-guides/encoding/
 */
export class ProtobufBuffer {
  #bytes = Buffer.allocUnsafeSlow(initialBytes);
  #view = new DataView(this.#bytes.buffer);
  #end = 0;

  /** Bytes written. */
  get length(): number {
    return this.#end;
  }

  /** What was written from `start` to `end`, in memory that the next field changes. */
  part(start: number, end: number = this.#end): Uint8Array {
    return this.#bytes.subarray(start, end);
  }

  /** Forgets what stands behind `length`. */
  truncate(length: number): void {
    this.#end = length;
  }

  clear(): void {
    this.#end = 0;
    if (this.#bytes.length > mostKeptBytes) this.#replace(initialBytes);
  }

  /** Begins a message within the message; give the place that is returned to `finish`. */
  begin(field: number): number {
    this.#reserve(8);
    this.#tag(field, wire.delimited);
    this.#end += 1;
    return this.#end;
  }

  /** Writes the length of a message that was begun in front of it. */
  finish(start: number): void {
    const length = this.#end - start;
    if (length < 0x80) {
      this.#bytes[start - 1] = length;
      return;
    }
    const more = varintBytes(length) - 1;
    this.#reserve(more);
    this.#bytes.copyWithin(start + more, start, this.#end);
    this.#end = start - 1;
    this.#varint(length);
    this.#end += length;
  }

  /** A field that was written before, behind its tag. */
  piece(field: number, bytes: Uint8Array): void {
    this.#reserve(5 + bytes.length);
    this.#tag(field, wire.delimited);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Fields that were written elsewhere. */
  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  bytes(field: number, bytes: Uint8Array): void {
    this.#reserve(10 + bytes.length);
    this.#tag(field, wire.delimited);
    this.#varint(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  text(field: number, text: string): void {
    this.#reserve(10 + 3 * text.length);
    this.#tag(field, wire.delimited);
    if (text.length > longestInline || !this.#ascii(text)) this.#utf8(text);
  }

  /** Bytes told as hexadecimal digits, as ids are. */
  hex(field: number, digits: string): void {
    const length = digits.length >> 1;
    this.#reserve(10 + length);
    this.#tag(field, wire.delimited);
    this.#varint(length);
    const bytes = this.#bytes;
    let end = this.#end;
    for (let at = 0; at < 2 * length; at += 2) {
      bytes[end++] = (digitOf(digits.charCodeAt(at)) << 4) | digitOf(digits.charCodeAt(at + 1));
    }
    this.#end = end;
  }

  /** A whole number of up to 64 bits; a negative one as its two's complement. */
  integer(field: number, value: number): void {
    this.#reserve(15);
    this.#tag(field, wire.varint);
    if (value >= 0 && value < twoTo32) this.#varint(value);
    else this.#longVarint(value);
  }

  double(field: number, value: number): void {
    this.#reserve(13);
    this.#tag(field, wire.fixed64);
    this.#view.setFloat64(this.#end, value, true);
    this.#end += 8;
  }

  fixed32(field: number, value: number): void {
    this.#reserve(9);
    this.#tag(field, wire.fixed32);
    this.#view.setUint32(this.#end, value, true);
    this.#end += 4;
  }

  /** Nanoseconds since the epoch, of which a number has too few bits: split so that every product is exact. */
  time(field: number, [seconds, nanos]: HrTime): void {
    this.#reserve(13);
    this.#tag(field, wire.fixed64);
    const upper = Math.floor(seconds / 0x10000) * 1e9;
    const lower = (upper % 0x10000) * 0x10000 + (seconds % 0x10000) * 1e9 + nanos;
    this.#view.setUint32(this.#end, lower % twoTo32, true);
    this.#view.setUint32(this.#end + 4, Math.floor(upper / 0x10000) + Math.floor(lower / twoTo32), true);
    this.#end += 8;
  }

  #tag(field: number, type: number): void {
    this.#varint((field << 3) | type);
  }

  /** Below 2^32. */
  #varint(value: number): void {
    const bytes = this.#bytes;
    let rest = value;
    while (rest > 0x7f) {
      bytes[this.#end++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[this.#end++] = rest;
  }

  #longVarint(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 0x7fn) {
      this.#bytes[this.#end++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#end++] = Number(rest);
  }

  /** Writes length and characters; answers false, with nothing written, where one of them is not ASCII. */
  #ascii(text: string): boolean {
    const start = this.#end;
    this.#varint(text.length);
    const bytes = this.#bytes;
    let end = this.#end;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) {
        this.#end = start;
        return false;
      }
      bytes[end++] = code;
    }
    this.#end = end;
    return true;
  }

  #utf8(text: string): void {
    this.#varint(Buffer.byteLength(text));
    this.#end += this.#bytes.write(text, this.#end);
  }

  #reserve(count: number): void {
    const needed = this.#end + count;
    if (needed > this.#bytes.length) this.#replace(Math.max(needed, 2 * this.#bytes.length));
  }

  #replace(size: number): void {
    const bytes = Buffer.allocUnsafeSlow(size);
    this.#bytes.copy(bytes, 0, 0, this.#end);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

function varintBytes(value: number): number {
  return value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5;
}

/** A digit in either case. */
function digitOf(code: number): number {
  return code < 58 ? code - 48 : (code | 32) - 87;
}
