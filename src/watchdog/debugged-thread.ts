import { type Debugger, type Runtime, Session } from 'node:inspector';

/** A thread whose stack is taken, over the inspector and without a port. */
export interface DebuggedThread {
  /** @throws what the inspector says where it cannot be reached */
  connect(listeners: DebugListeners): void;
  /** Sent at once, in the order of the calls; `callback` is called with the answer, if one comes. */
  post(method: DebugMethod, callback?: () => void): void;
  /** Evaluates in the global scope; `callback` gets a value that is plain, or `undefined`. */
  evaluate(expression: string, callback: (value: unknown) => void): void;
  disconnect(): void;
}

export type DebugMethod = 'Debugger.enable' | 'Debugger.pause' | 'Debugger.resume' | 'Debugger.disable';

export interface DebugListeners {
  scriptParsed(script: Debugger.ScriptParsedEventDataType): void;
  paused(event: Debugger.PausedEventDataType): void;
}

/** The main thread of this process, from another thread of it. */
export function mainThread(): DebuggedThread {
  const session = new Session();
  return {
    connect({ scriptParsed, paused }) {
      session.connectToMainThread();
      session.on('Debugger.scriptParsed', ({ params }) => scriptParsed(params));
      session.on('Debugger.paused', ({ params }) => paused(params));
    },
    post: (method, callback = ignore) => session.post(method, callback),
    evaluate(expression, callback) {
      session.post('Runtime.evaluate', evaluation(expression), (error, reply) =>
        callback(error === null ? (reply as Runtime.EvaluateReturnType).result.value : undefined),
      );
    },
    disconnect: () => session.disconnect(),
  };
}

/** A worker thread that the main thread has started, from a third thread. What is posted waits until it is found. */
export function workerThread(threadId: number): DebuggedThread {
  return new WorkerUnderDebug(threadId);
}

class WorkerUnderDebug implements DebuggedThread {
  readonly #threadId: number;
  readonly #session = new Session();
  readonly #callbacks = new Map<number, (result: unknown) => void>();
  readonly #waiting: string[] = [];
  #sessionId: string | undefined;
  #lastId = 0;

  constructor(threadId: number) {
    this.#threadId = threadId;
  }

  connect(listeners: DebugListeners): void {
    const session = this.#session;
    session.connectToMainThread();
    session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
      // Its id there is another one; the title begins with that of the thread.
      if (!workerInfo.title.startsWith(`[worker ${this.#threadId}]`)) return;
      this.#sessionId = sessionId;
      for (const message of this.#waiting.splice(0)) this.#send(message);
    });
    session.on('NodeWorker.receivedMessageFromWorker', ({ params: { sessionId, message } }) => {
      if (sessionId === this.#sessionId) this.#hear(JSON.parse(message) as WorkerMessage, listeners);
    });
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
  }

  post(method: DebugMethod, callback: () => void = ignore): void {
    this.#call(method, {}, callback);
  }

  evaluate(expression: string, callback: (value: unknown) => void): void {
    this.#call('Runtime.evaluate', evaluation(expression), (result) => {
      callback((result as { result?: { value?: unknown } } | undefined)?.result?.value);
    });
  }

  /** The other threads were attached to as well, and are let go. */
  disconnect(): void {
    this.#session.post('NodeWorker.disable', () => this.#session.disconnect());
  }

  #call(method: string, params: object, callback: (result: unknown) => void): void {
    this.#lastId += 1;
    this.#callbacks.set(this.#lastId, callback);
    const message = JSON.stringify({ id: this.#lastId, method, params });
    if (this.#sessionId === undefined) this.#waiting.push(message);
    else this.#send(message);
  }

  #send(message: string): void {
    this.#session.post('NodeWorker.sendMessageToWorker', { sessionId: this.#sessionId ?? '', message });
  }

  #hear({ id, method, result, params }: WorkerMessage, { scriptParsed, paused }: DebugListeners): void {
    if (id !== undefined) {
      this.#callbacks.get(id)?.(result);
      this.#callbacks.delete(id);
    } else if (method === 'Debugger.scriptParsed') scriptParsed(params as Debugger.ScriptParsedEventDataType);
    else if (method === 'Debugger.paused') paused(params as Debugger.PausedEventDataType);
  }
}

/** An answer, or an event. */
interface WorkerMessage {
  readonly id?: number;
  readonly result?: unknown;
  readonly method?: string;
  readonly params?: unknown;
}

function evaluation(expression: string): { expression: string; returnByValue: true; silent: true } {
  return { expression, returnByValue: true, silent: true };
}

function ignore(): void {}
