import { parentPort, workerData } from 'node:worker_threads';
import { diag } from '@opentelemetry/api';
import { processEnvironment } from '../configuration/environment.ts';
import { readOtelEnvironment } from '../configuration/otel-environment.ts';
import { createConfiguredSanitizer } from '../configuration/redaction.ts';
import { createDiagnosticLogger, installDiagnosticLogger } from '../register/diagnostic-logger.ts';
import { tellWarnings } from '../register/thread-output.ts';
import type { StackSampler } from './stack-sampler.ts';
import { createTeller } from './stall-teller.ts';
import { createThreadLook } from './thread-look.ts';
import { Watch } from './watch.ts';
import { answer } from './watch-memory.ts';
import type { WatchdogData, WatchdogRequest } from './watchdog.ts';

/**
 * The watchdog's thread. It is not the courier's: reading a stack with its source maps takes tens of milliseconds, which nobody who ships is to
 * wait for, and a shipment of megabytes is not to be in the way of a look. Nothing is instrumented here.
 */
const data = workerData as WatchdogData;
installDiagnosticLogger(createDiagnosticLogger(), readOtelEnvironment(processEnvironment()).logLevel);
tellWarnings();
const sanitizer = createConfiguredSanitizer(data.redaction);
const teller = createTeller(data);
const watch = new Watch({
  data,
  sanitizer,
  sampler: await openSampler(),
  tell: (news) => teller.tell(news),
  onAlarm: () => teller.leaveHeartbeat(),
});

const maxPartingMillis = 150;

setInterval(() => attempt(() => watch.look()), data.lookMillis);
const lookAtThread = createThreadLook({ sampler: await openSampler(), sanitizer });
parentPort?.on('message', (request: WatchdogRequest) => {
  if (request === 'finish') finish();
  else void lookAtThread(request);
});

function finish(): void {
  attempt(() => watch.finish());
  const late = new Promise((resolve) => setTimeout(resolve, maxPartingMillis));
  void Promise.race([teller.flush(), late]).finally(() => answer(data.memory));
}

/** Where no stacks may be taken, the module that needs the inspector is not even loaded. */
async function openSampler(): Promise<StackSampler> {
  if (data.withoutStack === undefined) return (await import('./stack-sampler.ts')).createStackSampler();
  return { take: async () => undefined, release() {}, isBusy: false };
}

function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    diag.warn('The watchdog could not do its work.', error);
  }
}
