/** The slice of `process` that the end of a program needs; `listenerCount` tells whether the host has a say. */
export interface EndingProcess {
  readonly pid: number;
  on(event: string, listener: () => void): unknown;
  once(event: string, listener: () => void): unknown;
  removeListener(event: string, listener: () => void): unknown;
  listenerCount(event: string): number;
  kill(pid: number, signal: NodeJS.Signals): unknown;
}

/** What is left to do when the program ends. */
export interface Ending {
  /** Sends what is held in memory. Called while the event loop still runs. */
  flush(): Promise<unknown>;
  /** Waits, blocking, for what was handed over to arrive. Called last. */
  finish(): void;
  /** Longest time that `flush` gets. */
  readonly timeoutMillis: number;
}

const signals = ['SIGTERM', 'SIGINT'] as const;

/**
 * Lets a program end as it would without us, only with its telemetry delivered:
 *
 * - at its natural end the flush holds the event loop open for a bounded time, once;
 * - `process.exit`, an uncaught exception and an unhandled rejection reach the `exit` event, where only blocking work counts;
 * - on SIGTERM and SIGINT we flush; if nobody else listens, the signal is raised again and ends the process as if we had not been
 *   there, with the same status. If somebody does, ending is his affair, and `exit` follows. A second signal does not wait.
 */
export function onEnding(ending: Ending, host: EndingProcess = process): void {
  host.once('beforeExit', () => void bounded(ending));
  host.on('exit', () => ending.finish());
  for (const signal of signals) listen(signal, ending, host);
}

function listen(signal: NodeJS.Signals, ending: Ending, host: EndingProcess): void {
  let isEnding = false;
  const raise = () => {
    host.removeListener(signal, onSignal);
    host.kill(host.pid, signal);
  };
  const end = async () => {
    await bounded(ending);
    ending.finish();
    raise();
  };
  const onSignal = () => {
    if (host.listenerCount(signal) > 1) ending.flush().catch(ignore);
    else if (isEnding) raise();
    else void end();
    isEnding = true;
  };
  host.on(signal, onSignal);
}

/** Resolves when the flush is over or its time is. The timer holds the event loop open meanwhile, and no longer. */
async function bounded({ flush, timeoutMillis }: Ending): Promise<void> {
  const { promise, end } = timer(timeoutMillis);
  await Promise.race([flush().catch(ignore), promise]);
  end();
}

function timer(millis: number): { readonly promise: Promise<void>; readonly end: () => void } {
  let handle: NodeJS.Timeout | undefined;
  const promise = new Promise<void>((resolve) => {
    handle = setTimeout(resolve, millis);
  });
  return { promise, end: () => clearTimeout(handle) };
}

function ignore(): void {}
