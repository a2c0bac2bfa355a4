const smallestBytes = 64 * 1024;
/** Memory that is kept for later; two stretches under way and one ahead need less. */
const maxKeptBytes = 48 * 1024 * 1024;

/**
 * Buffers to be used again. Shipping goes through megabytes of them several times a second; given to the garbage collector they
 * cost a fifth of the processor time of shipping.
 */
export class BufferPool {
  #kept: Buffer[] = [];
  #keptBytes = 0;
  /** Those of them that somebody had since `forgetUnused`. */
  readonly #recent = new Set<Buffer>();

  /** A buffer of at least so many bytes, with anything in it; of few sizes, so that the next one who asks finds one that fits. */
  take(bytes: number): Buffer {
    let best = -1;
    for (const [index, { length }] of this.#kept.entries()) {
      // Of equal ones the last that was given, so that those that nobody needs stay where they are.
      if (length >= bytes && length <= (this.#kept[best]?.length ?? Number.POSITIVE_INFINITY)) best = index;
    }
    const [found] = best < 0 ? [] : this.#kept.splice(best, 1);
    if (found === undefined) return Buffer.allocUnsafeSlow(sizeFor(bytes));
    this.#keptBytes -= found.length;
    this.#recent.delete(found);
    return found;
  }

  /** Takes back a buffer that nobody reads or writes any more. */
  give(buffer: Buffer): void {
    if (this.#keptBytes + buffer.length > maxKeptBytes) return;
    this.#kept.push(buffer);
    this.#keptBytes += buffer.length;
    this.#recent.add(buffer);
  }

  /** Leaves what nobody has taken since this was called last to the garbage collector. */
  forgetUnused(): void {
    this.#kept = this.#kept.filter((buffer) => this.#recent.has(buffer));
    this.#keptBytes = this.#kept.reduce((sum, { length }) => sum + length, 0);
    this.#recent.clear();
  }
}

/** The next power of two. Memory of which nothing was written yet takes none of the machine's. */
function sizeFor(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(bytes, smallestBytes)));
}
