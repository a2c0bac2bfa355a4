/** How long a request may take before its start is recorded. */
const tellAfterMillis = 1_000;
/** Beyond it a server is not slow but does not end its spans. */
const mostRequests = 10_000;

/** What is told of requests that take their time. */
export interface OpenRequestsHost<S extends object> {
  /** The request has been open for a second. */
  longOpen(span: S): void;
}

/**
 * Requests that are being served. One that is answered within a second or two is never told of: its row is written when it ends, as
 * ever. A slow one is told of while it is open, by a timer that runs only while there is one and keeps no process alive.
 */
export class OpenRequests<S extends object> {
  readonly #host: OpenRequestsHost<S>;
  /** Looks that each has outlived, in the order in which they began. */
  readonly #looks = new Map<S, number>();
  readonly #told = new WeakSet<S>();
  /** Whether there ever was one: most services have none. */
  #isAnyTold = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(host: OpenRequestsHost<S>) {
    this.#host = host;
  }

  opened(span: S): void {
    if (this.#looks.size >= mostRequests) return;
    this.#looks.set(span, 0);
    this.#timer ??= setInterval(() => this.#look(), tellAfterMillis).unref();
  }

  /** Whether the request was told of while it was open. */
  closed(span: S): boolean {
    this.#looks.delete(span);
    return this.#isAnyTold && this.#told.has(span);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#looks.clear();
  }

  #look(): void {
    for (const [span, looks] of this.#looks) {
      this.#looks.set(span, looks + 1);
      if (looks === 0 || this.#told.has(span)) continue;
      this.#told.add(span);
      this.#isAnyTold = true;
      this.#looks.delete(span);
      this.#host.longOpen(span);
    }
    if (this.#looks.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
