import { parentPort, workerData } from 'node:worker_threads';
import { diag } from '@opentelemetry/api';
import { processEnvironment } from '../configuration/environment.ts';
import { readOtelEnvironment } from '../configuration/otel-environment.ts';
import type { CourierData, CourierReply, CourierRequest } from './courier.ts';
import { answerLine } from './courier-line.ts';
import { createDiagnosticLogger, installDiagnosticLogger } from './diagnostic-logger.ts';
import { createOtlpSender } from './otlp-sender.ts';
import { tellWarnings } from './thread-output.ts';

/**
 * The courier's thread. Nothing is instrumented here: it has its own modules, in which no SDK was started.
 */
const { otlp, shipping, answered, line } = workerData as CourierData;
// Of its own, so that what it has to say is heard while the main thread is blocked, or about to end.
installDiagnosticLogger(createDiagnosticLogger(), readOtelEnvironment(processEnvironment()).logLevel);
tellWarnings();
const sender = createOtlpSender(otlp);
// Loaded only where there is a database to talk to.
const shipment = shipping && import('./shipment.ts').then(({ startShipment }) => startShipment(shipping));
shipment?.catch((error: unknown) => diag.error('Nothing is shipped, records stay in the journal.', error));

const fromThreads = answerLine(line, (signal, body) =>
  sender.send(signal, body).catch((error: unknown) => {
    diag.warn(`A batch of ${signal} of a worker thread was not taken by the OTLP endpoint.`, error);
  }),
);

parentPort?.on('message', (request: CourierRequest) => {
  if (request.type === 'send') void send(request);
  else void finish(request);
});

async function send({ id, signal, body }: Extract<CourierRequest, { type: 'send' }>): Promise<void> {
  try {
    await sender.send(signal, body);
    reply({ id });
  } catch (error) {
    reply({ id, error: messageOf(error) });
  }
}

/** Answers through shared memory: the main thread is blocked and hears no messages. */
async function finish({ round, end }: Extract<CourierRequest, { type: 'finish' }>): Promise<void> {
  fromThreads.drain();
  const shipped = shipment?.then((running) => running.finish(end));
  await Promise.allSettled([shipped, sender.settle()]);
  Atomics.store(answered, 0, round);
  Atomics.notify(answered, 0);
}

function reply(message: CourierReply): void {
  parentPort?.postMessage(message);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
