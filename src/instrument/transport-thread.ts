import { workerData } from 'node:worker_threads';

/** Whether this thread is one in which a logger writes lines that were taken where they were logged, as the transports of pino are. */
export function isTransportThread(): boolean {
  const { dataBuf, stateBuf } = (workerData ?? {}) as Readonly<Record<string, unknown>>;
  return dataBuf instanceof SharedArrayBuffer && stateBuf instanceof SharedArrayBuffer;
}
