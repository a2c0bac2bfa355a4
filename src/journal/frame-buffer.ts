import { crc32 } from 'node:zlib';

/** `<crc32 of the JSON, 8 hex digits> <JSON>\n` */
export const checksumBytes = 9;

const initialBytes = 64 * 1024;
const space = 32;
const newline = 10;
const zero = 48;
const hexDigits = Buffer.from('0123456789abcdef', 'latin1');
/** UTF-8 of one UTF-16 unit. */
const mostBytesPerUnit = 3;

/** One reusable buffer of lines, each framed with its checksum. */
export class FrameBuffer {
  #bytes = Buffer.allocUnsafeSlow(initialBytes);
  #end = 0;

  /** Bytes written, all of them whole frames. */
  get length(): number {
    return this.#end;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  clear(): void {
    this.#end = 0;
    if (this.#bytes.length > 16 * initialBytes) this.#bytes = Buffer.allocUnsafeSlow(initialBytes);
  }

  /** Frames a JSON text and answers the length of the line in bytes. */
  addText(json: string): number {
    this.#reserve(checksumBytes + mostBytesPerUnit * json.length + 1);
    const bytes = this.#bytes;
    const start = this.#end;
    const from = start + checksumBytes;
    const to = from + bytes.write(json, from);
    let sum = crc32(bytes.subarray(from, to));
    for (let at = start + 7; at >= start; at -= 1) {
      bytes[at] = hexDigits[sum & 15] ?? zero;
      sum >>>= 4;
    }
    bytes[from - 1] = space;
    bytes[to] = newline;
    this.#end = to + 1;
    return to + 1 - start;
  }

  /** Adds a frame as it is, from an earlier encoding. */
  addFrame(frame: Uint8Array): void {
    this.#reserve(frame.length);
    this.#bytes.set(frame, this.#end);
    this.#end += frame.length;
  }

  /** Takes back what was added last, so that `length` bytes are left. */
  truncate(length: number): void {
    this.#end = length;
  }

  #reserve(count: number): void {
    const needed = this.#end + count;
    if (needed <= this.#bytes.length) return;
    const bytes = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(bytes, 0, 0, this.#end);
    this.#bytes = bytes;
  }
}
