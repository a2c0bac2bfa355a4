import { parentPort, workerData } from 'node:worker_threads';
import type { CourierData, CourierReply, CourierRequest } from './courier.ts';
import { createOtlpSender } from './otlp-sender.ts';

/**
 * The courier's thread. Nothing is instrumented here: it has its own modules, in which no SDK was started.
 */
const { otlp, shipping, answered } = workerData as CourierData;
const sender = createOtlpSender(otlp);
// Loaded only where there is a database to talk to.
const shipment = shipping && import('./shipment.ts').then(({ startShipment }) => startShipment(shipping, { warn }));
shipment?.catch((error: unknown) => warn(`Records stay in the journal: ${messageOf(error)}`));

parentPort?.on('message', (request: CourierRequest) => {
  if (request.type === 'send') void send(request);
  else void finish(request.round);
});

async function send({ id, signal, body }: Extract<CourierRequest, { type: 'send' }>): Promise<void> {
  try {
    await sender.send(signal, body);
    reply({ type: 'sent', id });
  } catch (error) {
    reply({ type: 'sent', id, error: messageOf(error) });
  }
}

/** Answers through shared memory: the main thread is blocked and hears no messages. */
async function finish(round: number): Promise<void> {
  const shipped = shipment?.then((running) => running.finish());
  await Promise.allSettled([shipped, sender.settle()]);
  Atomics.store(answered, 0, round);
  Atomics.notify(answered, 0);
}

function warn(message: string): void {
  reply({ type: 'warning', message });
}

function reply(message: CourierReply): void {
  parentPort?.postMessage(message);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
