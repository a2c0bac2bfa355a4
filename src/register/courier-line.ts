import { openChannel } from './channel.ts';
import type { OtlpSignal } from './otlp-protocol.ts';

/** Whoever brings encoded OTLP requests on their way. */
export interface Carrier {
  /**
   * Sends one encoded OTLP request; it is handed over when the call returns, and so is its memory. @throws Error while nobody takes it, or while
   * so many requests are under way that memory would grow.
   */
  send(signal: OtlpSignal, body: Uint8Array): Promise<void>;
  /** Resolves when no OTLP request is under way. */
  settled(): Promise<void>;
}

/** Memory that the courier thread shares with the worker threads of the program. */
export interface CourierLine {
  /** At 0 the number of requests of worker threads that are under way. */
  readonly underWay: Int32Array;
}

/** An encoded OTLP request of a worker thread. */
interface SentRequest {
  readonly signal: OtlpSignal;
  readonly body: Uint8Array;
}

const channelName = 'spanledger.courier.v1';
const maxUnderWay = 64;

export function createCourierLine(): CourierLine {
  return { underWay: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) };
}

/**
 * The courier as a worker thread has it: a request is on its way to the courier thread when `send` returns, without the main thread having to
 * get its turn. That thread tells of what was not taken.
 */
export function createLineCourier({ underWay }: CourierLine): Carrier {
  const channel = openChannel(channelName);
  return {
    send(signal, body) {
      if (Atomics.load(underWay, 0) >= maxUnderWay)
        throw new Error(`${maxUnderWay} OTLP requests are under way already.`);
      Atomics.add(underWay, 0, 1);
      // Of a part of a buffer the whole buffer would be copied.
      const isWhole = body.byteLength === body.buffer.byteLength;
      channel.post({ signal, body: isWhole ? body : body.slice() } satisfies SentRequest);
      return Promise.resolve();
    },
    settled: () => Promise.resolve(),
  };
}

/** The end of the line in the courier thread. */
export interface CourierLineEnd {
  /** Takes what was sent and not looked at yet. */
  drain(): void;
}

/** Takes requests of worker threads. `take` must not reject. */
export function answerLine(
  { underWay }: CourierLine,
  take: (signal: OtlpSignal, body: Uint8Array) => Promise<void>,
): CourierLineEnd {
  const channel = openChannel(channelName);
  // What was on its way to a courier that died is lost.
  Atomics.store(underWay, 0, 0);
  const hear = async ({ signal, body }: SentRequest) => {
    await take(signal, body);
    if (Atomics.sub(underWay, 0, 1) <= 0) Atomics.store(underWay, 0, 0);
  };
  channel.hear((message) => void hear(message as SentRequest));
  return {
    drain() {
      for (let next = channel.next(); next !== undefined; next = channel.next()) void hear(next as SentRequest);
    },
  };
}
