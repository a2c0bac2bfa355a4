import type { ErrorDescriptor } from './error-descriptor.ts';

/** Lines on their way to standard error. */
export interface LineQueue {
  /** Takes a line without its end. Never waits, never throws. */
  write(line: string): void;
  /** Waits, blocking, until the lines that wait are written or the time is over. */
  drain(timeoutMillis: number): void;
}

export interface LineQueueOptions {
  readonly descriptor: ErrorDescriptor;
  /** Takes a line that this thread cannot write; default: it waits. */
  readonly handOver?: (line: string) => void;
  /** Calls `retry` from time to time until it returns true; default: four times a second, without keeping the process alive. */
  readonly later?: (retry: () => boolean) => void;
}

/** Most lines, and most bytes of them, that wait for room. */
export const maxWaitingLines = 100;
export const maxWaitingBytes = 65_536;

/**
 * Whoever reads standard error may read slowly, or not at all: what does not fit waits, within bounds. Beyond them the oldest lines are dropped,
 * and counted: a line says how many they were as soon as there is room.
 */
export function createLineQueue({ descriptor, handOver, later = retryLater }: LineQueueOptions): LineQueue {
  const lines = createBoundedLines();
  let isRetrying = false;
  /** @returns whether to go on with the next line */
  const next = (): boolean => {
    const line = lines.first();
    if (line === undefined) return false;
    const attempt = descriptor.attempt(line);
    if (attempt.status === 'taken') return lines.taken(attempt.bytes);
    if (attempt.status === 'closed') lines.clear();
    else if (handOver !== undefined) for (const text of lines.clear()) handOver(text);
    return false;
  };
  const flush = (): boolean => {
    while (next());
    return lines.count === 0;
  };
  const retry = (): boolean => {
    isRetrying = !flush();
    return !isRetrying;
  };
  return {
    write(line) {
      lines.add(line);
      if (flush()) return;
      lines.makeRoom();
      if (isRetrying) return;
      isRetrying = true;
      later(retry);
    },
    drain(timeoutMillis) {
      const deadline = performance.now() + timeoutMillis;
      while (!flush() && performance.now() < deadline) pause();
    },
  };
}

const empty = new Uint8Array();

interface BoundedLines {
  readonly count: number;
  add(line: string): void;
  /** What is left of the line that is to be written next. */
  first(): Uint8Array | undefined;
  /** So many bytes of it have been written; tells whether there was room for any. */
  taken(bytes: number): boolean;
  makeRoom(): void;
  /** Forgets all lines, and returns them. */
  clear(): readonly string[];
}

function createBoundedLines(): BoundedLines {
  const lines: Uint8Array[] = [];
  let bytes = 0;
  let dropped = 0;
  let isBegun = false;
  /** What is to be said before anything else, unless a line is half written. */
  const note = (): Uint8Array | undefined => {
    if (dropped === 0 || isBegun) return undefined;
    const what = dropped === 1 ? '1 message' : `${dropped} messages`;
    return Buffer.from(`spanledger warning: ${what} dropped: nobody read standard error.\n`);
  };
  return {
    get count() {
      return lines.length;
    },
    add(line) {
      const text = Buffer.from(`${line}\n`);
      lines.push(text);
      bytes += text.length;
    },
    first: () => note() ?? lines[0],
    taken(count) {
      if (count === 0) return false;
      const told = note();
      const line = told ?? lines.shift() ?? empty;
      if (told === undefined) bytes -= line.length;
      else dropped = 0;
      isBegun = count < line.length;
      if (isBegun) lines.unshift(line.subarray(count));
      if (isBegun) bytes += line.length - count;
      return true;
    },
    makeRoom() {
      // A line that is half written is not the oldest to go: what follows it would stand in the middle of a line.
      while (lines.length > 2 && (lines.length > maxWaitingLines || bytes > maxWaitingBytes)) {
        const [oldest] = lines.splice(isBegun ? 1 : 0, 1);
        bytes -= oldest?.length ?? 0;
        dropped += 1;
      }
    },
    clear() {
      const texts = lines.map((line) => Buffer.from(line).toString().trimEnd());
      lines.length = 0;
      bytes = 0;
      dropped = 0;
      isBegun = false;
      return texts;
    },
  };
}

const retryMillis = 250;
const pauseMillis = 5;

function retryLater(retry: () => boolean): void {
  const timer = setInterval(() => {
    if (retry()) clearInterval(timer);
  }, retryMillis);
  timer.unref();
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMillis);
}
