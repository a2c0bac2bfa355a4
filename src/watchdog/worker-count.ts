import { subscribe } from 'node:diagnostics_channel';

/** The slice of a worker that is counted. */
interface CountedWorker {
  once(event: 'exit', listener: () => void): unknown;
}

const alive = new Set<object>();
const disowned = new WeakSet<object>();
let isCounting = false;

/** Counts the worker threads that the main thread starts from now on and that live. */
export function countWorkers(): () => number {
  if (!isCounting) {
    isCounting = true;
    subscribe('worker_threads', (message) => {
      const { worker } = message as { readonly worker: CountedWorker };
      alive.add(worker);
      worker.once('exit', () => alive.delete(worker));
    });
  }
  return () => alive.size;
}

/** Leaves a worker out: those of spanledger are no work of the program. */
export function disownWorker(worker: object): void {
  disowned.add(worker);
  alive.delete(worker);
}

/** Whether a worker is one of spanledger itself. */
export function isDisowned(worker: object): boolean {
  return disowned.has(worker);
}
