import { parentPort, workerData } from 'node:worker_threads';
import { diag } from '@opentelemetry/api';
import { processEnvironment } from '../configuration/environment.ts';
import { readOtelEnvironment } from '../configuration/otel-environment.ts';
import type { LoopFacts } from '../domain/health.ts';
import { createDiagnosticLogger, installDiagnosticLogger } from './diagnostic-logger.ts';
import type { GuardData, GuardMessage } from './guard.ts';
import { serveHealth } from './health-server.ts';
import { sharedHealthFacts } from './shared-health.ts';
import { keepSupervisorInformed } from './supervisor-link.ts';
import { notifySystemd } from './systemd-notice.ts';
import { tellWarnings } from './thread-output.ts';

/** The guard's thread: it has its own modules, in which no SDK was started. */
const data = workerData as GuardData;
installDiagnosticLogger(createDiagnosticLogger(), readOtelEnvironment(processEnvironment()).logLevel);
tellWarnings();
let loops: readonly LoopFacts[] = [];
parentPort?.on('message', (message: GuardMessage) => {
  loops = message.loops;
});
const facts = () => sharedHealthFacts(data, loops);
const limits = { blockedMillis: data.blockedMillis };

if (data.listen !== undefined) serveHealth(data.listen, facts, limits);
if (data.supervisor !== undefined) keepSupervisorInformed(data.supervisor, data, facts);
if (data.systemd !== undefined) void notifySystemd(data.systemd, facts, limits).catch(report);

function report(error: unknown): void {
  diag.error('systemd cannot be told how the program is.', error);
}
