import { hostname } from 'node:os';
import { threadId } from 'node:worker_threads';
import { diag } from '@opentelemetry/api';
import { type Environment, environmentValue, startReportVariable } from '../configuration/environment.ts';
import { readOtelEnvironment } from '../configuration/otel-environment.ts';
import { loadSettings } from '../configuration/settings.ts';
import { isTransportThread } from '../instrument/transport-thread.ts';
import { LateJournal } from '../journal/late-journal.ts';
import { setWorkerName } from '../telemetry/identity.ts';
import { isTracerProviderRegistered } from './attachment.ts';
import { createLineCourier } from './courier-line.ts';
import { createDiagnosticLogger, installDiagnosticLogger } from './diagnostic-logger.ts';
import { eachInTurn } from './exit.ts';
import { exportPlans, noExports } from './export-plan.ts';
import { createThreadIdentity } from './identity.ts';
import { keepJournal } from './journal-keeping.ts';
import { applySettings, journalOptions } from './ledger-place.ts';
import { processPlace, tellPlace } from './process-place.ts';
import { startRecording } from './start-recording.ts';
import { isReported, tellModules } from './thread-modules.ts';
import { answerThreads, followThreads } from './threads.ts';

const { threadCpuUsage: cpuUsage } = process as {
  /** From Node.js 23.9 on; before, the processor time of the whole process stands in for it. */
  readonly threadCpuUsage?: (before?: NodeJS.CpuUsage) => NodeJS.CpuUsage;
};

/**
 * Puts together what a worker thread needs: it records like the main thread, as an instance of its own with a journal of its own, so that
 * nothing waits for another thread and a thread that ends is known to have ended. The courier thread of the process ships it.
 *
 * ```
 * spans, events, logs ─► recorder ─► journal of the thread ─┐
 *                    └─► batches ─► redaction ──────────────┴─► courier thread ─► Postgres, OTLP
 * ```
 *
 * Nothing is recorded in a thread in which a logger only writes what others have logged.
 */
export function registerThread(own: Environment): void {
  if (isTransportThread()) return;
  const place = processPlace();
  const environment = { ...place?.environment, ...own };
  const otel = readOtelEnvironment(environment);
  // What is wrong with the settings was told by the main thread.
  installDiagnosticLogger(createDiagnosticLogger(), 'error');
  if (otel.disabled) return;
  if (place === undefined) {
    diag.error(
      `Nothing is recorded in worker thread ${threadId}: the main thread does not have spanledger. Start the program itself with --import spanledger/register.`,
    );
    return;
  }
  const configuration = loadSettings({}, environment);
  const { settings } = configuration;
  if (!settings.threads) return;
  const plans = isTracerProviderRegistered() ? noExports : exportPlans(otel);
  const identity = createThreadIdentity(place, threadId);
  const { directory, answers } = place;
  const { owner } = identity;
  const here = { settings, directory, owner };

  setWorkerName(`${hostname()}:${process.pid}:${threadId}`);
  applySettings(here, plans);
  const journal = new LateJournal(journalOptions(here));
  const courier = place.courier && createLineCourier(place.courier);
  const recording = startRecording({ configuration, otel, environment: own, identity, plans, journal, courier });
  const keeper = keepJournal(journal, {
    leavesHeartbeats: true,
    state: () => ({ heapUsedBytes: process.memoryUsage().heapUsed }),
    ...(cpuUsage !== undefined && { cpuUsage: (before) => cpuUsage.call(process, before) }),
  });
  const { instrumentation, loggers } = recording;
  if (isReported(configuration, environmentValue(environment, startReportVariable)))
    tellModules(() => [...(instrumentation?.modules() ?? []), ...(loggers?.modules() ?? [])]);
  tellPlace({ ...place, parent: owner, resource: identity.resource.attributes });
  followThreads({ directory, owner, answers });
  const handOver = () => eachInTurn(recording.endRequests, recording.sending.handOver);
  answerThreads(answers, handOver);
  process.once('exit', () => {
    eachInTurn(() => loggers?.finish(), handOver, keeper.finish);
  });
  installDiagnosticLogger(createDiagnosticLogger(), otel.logLevel);
}
