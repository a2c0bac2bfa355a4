import { Worker } from 'node:worker_threads';
import { SpanledgerError } from '../domain/errors.ts';
import type {
  EmbeddedFailure,
  EmbeddedOpening,
  EmbeddedOptions,
  EmbeddedOrder,
  EmbeddedResponse,
} from './embedded-protocol.ts';

type SqlRows = readonly Record<string, unknown>[];

interface Waiting {
  resolve(rows: SqlRows): void;
  reject(error: Error): void;
}

/** The thread of an open embedded database. It keeps the process alive only while an answer is awaited. */
export interface EmbeddedThread {
  /** The thread is gone, by `close` or by a fault; it answers nothing any more. */
  hasEnded(): boolean;
  order(order: EmbeddedOrder): Promise<SqlRows>;
  /** Shuts the database down and ends the thread. */
  close(): Promise<void>;
}

/** Source files run under a loader that the thread needs too; the built package must not load what the host loads at its start. */
const isSource = import.meta.url.endsWith('.ts');
const entry = new URL(`./embedded-worker${isSource ? '.ts' : '.js'}`, import.meta.url);

/**
 * Starts the thread and opens the database.
 *
 * @throws SpanledgerError EMBEDDED_MISSING
 */
export async function startEmbeddedThread(options: EmbeddedOptions): Promise<EmbeddedThread> {
  const worker = new Worker(entry, {
    workerData: options,
    name: 'spanledger-store',
    execArgv: isSource ? process.execArgv : [],
    // Nothing of the host's: its NODE_OPTIONS would load into this thread too.
    env: {},
    // A worker whose streams are connected has those of the host not wait for their readers any more.
    stdout: true,
    stderr: true,
  });
  try {
    await opened(worker);
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return new WorkerThread(worker);
}

function opened(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    const exited = () => reject(lost());
    worker.once('error', reject);
    worker.once('exit', exited);
    worker.once('message', (message: EmbeddedOpening) => {
      worker.off('error', reject);
      worker.off('exit', exited);
      if (message.type === 'open') resolve();
      else if (message.type === 'failed') reject(toError(message.error));
      else reject(new SpanledgerError('EMBEDDED_MISSING', { cause: toError(message.error) }));
    });
  });
}

class WorkerThread implements EmbeddedThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #ended: Error | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (response: EmbeddedResponse) => this.#settle(response));
    worker.on('error', (error: Error) => this.#end(error));
    worker.on('exit', () => this.#end(lost()));
    worker.unref();
  }

  hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  order(order: EmbeddedOrder): Promise<SqlRows> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      if (this.#waiting.size === 0) this.#worker.ref();
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...order, id });
    });
  }

  async close(): Promise<void> {
    try {
      await this.order({ type: 'close' });
    } finally {
      await this.#worker.terminate();
    }
  }

  #settle(response: EmbeddedResponse): void {
    const waiting = this.#waiting.get(response.id);
    this.#waiting.delete(response.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ('error' in response) waiting?.reject(toError(response.error));
    else waiting?.resolve(response.rows);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}

function lost(): Error {
  return toError({ message: 'The thread of the embedded database has ended.', code: '57P02' });
}

function toError({ message, code }: EmbeddedFailure): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}
