/** What part of a body was seen, and how long the whole was. */
export interface SeenBody {
  /** The beginning, as it travelled: still encoded. */
  readonly bytes: Uint8Array;
  /** Of the whole body. */
  readonly size: number;
  /** The whole body, where it came as one text in UTF-8. */
  readonly text?: string;
}

/** Holds the beginning of a body. Copies, because buffers belong to the program, which may use them again. */
export class BodyTap {
  readonly #maxBytes: number;
  readonly #wholeTextBytes: number | undefined;
  /** The only chunk so far, as it was given. */
  #text: string | undefined;
  #parts: Uint8Array[] = [];
  #held = 0;
  #size = 0;

  /** @param wholeTextBytes length of the whole body, where it is known and the body is UTF-8 as it travels */
  constructor(maxBytes: number, wholeTextBytes?: number) {
    this.#maxBytes = maxBytes;
    this.#wholeTextBytes = wholeTextBytes;
  }

  /** Takes a chunk as streams take it. What is no chunk is passed over: the stream itself will complain. */
  take(chunk: unknown, encoding: unknown): void {
    if (typeof chunk === 'string') this.#takeText(chunk, encoding);
    else if (chunk instanceof Uint8Array) this.#takeBytes(chunk);
  }

  /** What was seen; `undefined` where there was nothing. */
  seen(): SeenBody | undefined {
    if (this.#size === 0) return undefined;
    if (this.#text !== undefined) return new SeenText(this.#text, this.#size);
    const [first] = this.#parts;
    const bytes = first !== undefined && this.#parts.length === 1 ? first : Buffer.concat(this.#parts);
    return { bytes, size: this.#size };
  }

  #takeText(text: string, given: unknown): void {
    const encoding = typeof given === 'string' && Buffer.isEncoding(given) ? given : 'utf8';
    const isFirst = this.#size === 0;
    this.#size += Buffer.byteLength(text, encoding);
    if (isFirst && isUtf8(encoding) && this.#size <= this.#maxBytes && text.isWellFormed()) {
      this.#text = text;
      return;
    }
    this.#keepText();
    const room = this.#maxBytes - this.#held;
    // No encoding needs more than two units of text for a byte.
    if (room > 0) this.#keep(Buffer.from(text.slice(0, room * 2), encoding).subarray(0, room));
  }

  #takeBytes(bytes: Uint8Array): void {
    this.#keepText();
    const isWhole = this.#size === 0 && bytes.byteLength === this.#wholeTextBytes;
    this.#size += bytes.byteLength;
    if (isWhole && this.#size <= this.#maxBytes) {
      this.#text = bytes instanceof Buffer ? bytes.toString('utf8') : utf8.decode(bytes);
      return;
    }
    const room = this.#maxBytes - this.#held;
    if (room > 0 && bytes.byteLength > 0)
      this.#keep(Buffer.from(bytes.byteLength > room ? bytes.subarray(0, room) : bytes));
  }

  /** There is more than one text: bytes, as all else. */
  #keepText(): void {
    if (this.#text === undefined) return;
    this.#keep(Buffer.from(this.#text));
    this.#text = undefined;
  }

  #keep(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#held += bytes.byteLength;
  }
}

/** A mark at the beginning is left to whoever reads the text. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

class SeenText implements SeenBody {
  readonly text: string;
  readonly size: number;

  constructor(text: string, size: number) {
    this.text = text;
    this.size = size;
  }

  get bytes(): Uint8Array {
    return Buffer.from(this.text);
  }
}

function isUtf8(encoding: string): boolean {
  return encoding === 'utf8' || encoding === 'utf-8';
}
