import { Worker } from 'node:worker_threads';
import { diag } from '@opentelemetry/api';
import type { JournalOwner } from '../projection/record.ts';
import { disownWorker } from '../watchdog/worker-count.ts';
import { type Carrier, type CourierLine, createCourierLine } from './courier-line.ts';
import { type KeptThread, keepThread } from './kept-thread.ts';
import type { OtlpHttpProtocol, OtlpSignal } from './otlp-protocol.ts';
import type { ShippingMemory } from './shipping-memory.ts';
import { ownOutput } from './thread-output.ts';

/** What the courier thread carries. */
export interface CourierLoad {
  /** Where the journals are and where they go; absent where no database is configured or shipping is off. */
  readonly shipping?: ShippingLoad;
  /** Signals sent over OTLP, with their encoding. */
  readonly otlp: Readonly<Partial<Record<OtlpSignal, OtlpHttpProtocol>>>;
}

export interface ShippingLoad {
  /** The spanledger directory. */
  readonly directory: string;
  readonly owner: JournalOwner;
  readonly databaseUrl: string;
  readonly schema: string;
  readonly memory: ShippingMemory;
  /** Given where retention is a chore of the processes that ship. */
  readonly retention?: { readonly days: number; readonly archive?: string };
}

/** What the courier thread is given at its start. */
export interface CourierData extends CourierLoad {
  /** Number of the last round of `finish` that the thread has answered; shared with the main thread. */
  readonly answered: Int32Array;
  readonly line: CourierLine;
}

/** Main thread to courier. */
export type CourierRequest =
  | { readonly type: 'send'; readonly id: number; readonly signal: OtlpSignal; readonly body: Uint8Array }
  | { readonly type: 'finish'; readonly round: number; readonly end: ProcessEnd };

/** How the process ends, as far as it knows itself. */
export interface ProcessEnd {
  readonly code?: number;
  readonly signal?: NodeJS.Signals;
}

/** Courier to main thread. */
export interface CourierReply {
  readonly id: number;
  /** Why the request was not taken. */
  readonly error?: string;
}

/**
 * The thread that carries records to the database and telemetry to the collector, so that neither depends on the main thread
 * getting its turn, nor on its event loop being alive. It never keeps the process alive. When it dies it is started again, later
 * and later; what was on its way over OTLP counts as failed, records wait in the journal.
 */
export interface Courier extends Carrier {
  /** For the worker threads of the program. */
  readonly line: CourierLine;
  /**
   * Blocks until everything handed over before has arrived or has failed, at most `timeoutMillis`; true if it came to an end in
   * time. For the very end of the process, when nothing asynchronous runs any more.
   */
  finish(timeoutMillis: number, end?: ProcessEnd): boolean;
  /** Times the thread has died. */
  deaths(): number;
}

export interface CourierOptions {
  readonly load: CourierLoad;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The thread's script, default that of this package. */
  readonly script?: URL;
  /** Heap of the thread, default 256. */
  readonly maxHeapMegabytes?: number;
  /** Wait before the first restart, doubled with each further one, default 1000. */
  readonly restartMillis?: number;
}

const maxUnderWay = 64;

/** Starts the courier thread. */
export function createCourier(options: CourierOptions): Courier {
  return new ThreadCourier(options);
}

interface Delivery {
  readonly outcome: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

function createDelivery(): Delivery {
  let settle: Pick<Delivery, 'resolve' | 'reject'> | undefined;
  const outcome = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { outcome, resolve: () => settle?.resolve(), reject: (error) => settle?.reject(error) };
}

class ThreadCourier implements Courier {
  readonly line = createCourierLine();
  readonly #options: CourierOptions;
  readonly #answered = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #deliveries = new Map<number, Delivery>();
  readonly #thread: KeptThread;
  #lastId = 0;
  #round = 0;

  constructor(options: CourierOptions) {
    this.#options = options;
    this.#thread = keepThread({
      start: () => this.#startThread(),
      restartMillis: options.restartMillis ?? 1000,
      onDeath: (error) => this.#died(error),
    });
  }

  send(signal: OtlpSignal, body: Uint8Array): Promise<void> {
    const thread = this.#thread.current;
    if (thread === undefined) throw new Error('The courier thread is about to be started again.');
    if (this.#deliveries.size >= maxUnderWay) throw new Error(`${maxUnderWay} OTLP requests are under way already.`);
    this.#lastId += 1;
    const id = this.#lastId;
    const delivery = createDelivery();
    this.#deliveries.set(id, delivery);
    // Memory of its own goes over as it is; what lies in memory that others use is copied.
    const isWhole = body.byteLength === body.buffer.byteLength && body.buffer instanceof ArrayBuffer;
    thread.postMessage({ type: 'send', id, signal, body } satisfies CourierRequest, isWhole ? [body.buffer] : []);
    return delivery.outcome;
  }

  finish(timeoutMillis: number, end: ProcessEnd = {}): boolean {
    const thread = this.#thread.current;
    if (thread === undefined) return false;
    this.#round += 1;
    thread.postMessage({ type: 'finish', round: this.#round, end } satisfies CourierRequest);
    const deadline = performance.now() + timeoutMillis;
    for (;;) {
      const answered = Atomics.load(this.#answered, 0);
      if (answered >= this.#round) return true;
      const left = deadline - performance.now();
      if (left <= 0) return false;
      Atomics.wait(this.#answered, 0, answered, left);
    }
  }

  async settled(): Promise<void> {
    await Promise.allSettled([...this.#deliveries.values()].map(({ outcome }) => outcome));
  }

  deaths(): number {
    return this.#thread.deaths;
  }

  #startThread(): Worker {
    const { load, environment, script, maxHeapMegabytes = 256 } = this.#options;
    const thread = new Worker(script ?? new URL('./courier-thread.js', import.meta.url), {
      name: 'spanledger courier',
      workerData: { ...load, answered: this.#answered, line: this.line } satisfies CourierData,
      // The flags of the host would load spanledger/register, or a debugger, into this thread as well.
      execArgv: [],
      ...ownOutput,
      env: withoutNodeOptions(environment),
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMegabytes },
    });
    disownWorker(thread);
    thread.on('message', (reply: CourierReply) => this.#hear(reply));
    thread.on('error', (error) => diag.warn('The courier thread failed and is started again.', error));
    thread.unref();
    return thread;
  }

  #hear(reply: CourierReply): void {
    const delivery = this.#deliveries.get(reply.id);
    this.#deliveries.delete(reply.id);
    if (reply.error === undefined) delivery?.resolve();
    else delivery?.reject(new Error(reply.error));
  }

  #died(error: unknown): void {
    if (error !== undefined) diag.warn('The courier thread cannot be started; it is tried again.', error);
    const lost = [...this.#deliveries.values()];
    this.#deliveries.clear();
    for (const { reject } of lost) reject(new Error('The courier thread ended before it had sent this.'));
  }
}

/** A variable set to undefined would reach the thread as the text `undefined`. */
function withoutNodeOptions({ NODE_OPTIONS: _, ...rest }: CourierOptions['environment']): NodeJS.ProcessEnv {
  return rest;
}
