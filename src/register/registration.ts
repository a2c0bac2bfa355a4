import { resolve } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { diag } from '@opentelemetry/api';
import { describeSettings } from '../configuration/description.ts';
import {
  type Environment,
  environmentValue,
  processEnvironment,
  startReportVariable,
} from '../configuration/environment.ts';
import { type OtelEnvironment, readOtelEnvironment } from '../configuration/otel-environment.ts';
import { programVersion } from '../configuration/program-version.ts';
import { redactionOf } from '../configuration/redaction.ts';
import type { Settings } from '../configuration/setting-table.ts';
import { type Configuration, loadSettings } from '../configuration/settings.ts';
import { openJournal } from '../journal/open-journal.ts';
import { loopFacts } from '../telemetry/loops.ts';
import { isStopNoticePassedOn } from '../telemetry/stop-notice.ts';
import { logTarget } from '../watchdog/log-target.ts';
import { observeProcess } from '../watchdog/process-metrics.ts';
import { readState } from '../watchdog/watch-memory.ts';
import { startWatchdog, type Watchdog } from '../watchdog/watchdog.ts';
import { isTracerProviderRegistered, registeredService } from './attachment.ts';
import { type Courier, createCourier, type ShippingLoad } from './courier.ts';
import { createDiagnosticLogger, installDiagnosticLogger } from './diagnostic-logger.ts';
import { eachInTurn, onEnding } from './exit.ts';
import { courierSignals, type ExportPlan, type ExportPlans, exportPlans, noExports } from './export-plan.ts';
import { startGuard } from './guard.ts';
import { guardData } from './guard-data.ts';
import { setHealthSource } from './health-source.ts';
import { createIdentity, type Identity } from './identity.ts';
import { type JournalKeeper, keepJournal } from './journal-keeping.ts';
import { observeLedger } from './ledger-metrics.ts';
import { applySettings, journalOptions, type LedgerPlace } from './ledger-place.ts';
import { probeLog } from './log-probe.ts';
import { settingsOf, tellPlace } from './process-place.ts';
import type { Sending } from './sending.ts';
import { sharedHealthFacts } from './shared-health.ts';
import { createShippingMemory, type ShippingMemory } from './shipping-memory.ts';
import { startRecording } from './start-recording.ts';
import { tellStart } from './start-report.ts';
import { tellSystemdOfEnd } from './systemd-notice.ts';
import { hearModules, isReported } from './thread-modules.ts';
import { registerThread } from './thread-registration.ts';
import { createAnswers, followThreads, type Threads } from './threads.ts';

const key = Symbol.for('spanledger.registered.v1');
const slot = globalThis as { [key]?: boolean };

/**
 * Puts the whole together, once per process, before the program's own modules load:
 *
 * ```
 * spans, events, logs ─► recorder ─► journal ─► courier thread ─► Postgres
 *                    └─► batches ─► redaction ─► courier thread ─► OTLP
 * ```
 *
 * In worker threads, where `--import` runs again, see `registerThread`. Does nothing where `OTEL_SDK_DISABLED` is true.
 *
 * @throws SpanledgerError CONFIG_FILE_INVALID: a configuration file that is ignored in silence would be worse.
 */
export function register(): void {
  if (slot[key] === true) return;
  slot[key] = true;
  const environment = processEnvironment();
  const otel = readOtelEnvironment(environment);
  if (!isMainThread) {
    registerThread(environment);
    return;
  }
  installDiagnosticLogger(createDiagnosticLogger(), otel.logLevel);
  if (otel.disabled) return;

  const configuration = effectiveConfiguration(otel);
  const { settings } = configuration;
  const identity = createIdentity(otel.resourceDetectors, programVersion(environment), registeredService());
  // An SDK that is there already has its own exporters.
  const plans = isTracerProviderRegistered() ? noExports : exportPlans(otel);
  const directory = resolve(settings.directory);
  const memory = createShippingMemory();
  const place: Place = { settings, directory, owner: identity.owner, memory };

  applySettings(place, plans);
  const journal = openJournal({ ...journalOptions(place), tallyMemory: memory.tally });
  const shipping = shippingLoad(place);
  const courier = startCourier(shipping, plans, environment);
  const watchdog = startWatching(
    place,
    { identity, plan: plans.logs, heartbeats: shipping === undefined },
    environment,
  );
  const recording = startRecording({
    configuration,
    otel,
    environment,
    identity,
    plans,
    journal,
    courier,
    watching: watchdog?.spanProcessor,
  });
  const { isOurSdk, instrumentation, loggers, sending, endRequests } = recording;
  const service = identity.owner.service;
  const probeLogs = once(() => probeLog(journal));
  const reportTo = environmentValue(environment, startReportVariable);
  const threadModules = isReported(configuration, reportTo) ? hearModules() : () => [];
  const parts = { settings, otel, service, directory, isOurSdk, instrumentation, loggers, threadModules, probeLogs };
  tellStart(parts, reportTo);
  observeLedger(journal, memory);
  setHealthSource(() => sharedHealthFacts({ owner: place.owner, memory, ships: shipping !== undefined }, loopFacts()));
  const guarded = guardData(place, shipping !== undefined, environment);
  startGuard(guarded, environment);
  if (watchdog !== undefined) observeProcess(memory.watch, watchdog.pulse);
  if (loggers !== undefined) process.once('exit', () => loggers.finish());
  const state = () => readState(memory.watch);
  const keeper = keepJournal(journal, { pulse: memory.pulse, leavesHeartbeats: shipping === undefined, state });
  const answers = createAnswers();
  const line = courier === undefined ? undefined : courier.line;
  tellPlace({
    directory,
    parent: place.owner,
    resource: identity.resource.attributes,
    environment: settingsOf(environment),
    ...(line !== undefined && { courier: line }),
    answers,
  });
  const threads = followThreads({ directory, owner: place.owner, answers, onSilent: watchdog?.look });
  endWell(settings, { keeper, sending, courier, watchdog, threads, endRequests });
  if (guarded.systemd !== undefined) tellSystemdOfEnd(isStopNoticePassedOn());
}

function once<T>(work: () => T): () => T {
  let done: { readonly value: T } | undefined;
  return () => {
    done ??= { value: work() };
    return done.value;
  };
}

/** What the parts of the main thread have in common. */
interface Place extends LedgerPlace {
  readonly memory: ShippingMemory;
}

function effectiveConfiguration(otel: OtelEnvironment): Configuration {
  const configuration = loadSettings();
  for (const { message } of configuration.warnings) diag.warn(message);
  if (otel.configFile !== undefined && !isTracerProviderRegistered()) diag.error(configFileText(otel.configFile));
  const described = describeSettings(configuration).map(
    ({ key: name, value, source }) => `${name}=${value} (${source})`,
  );
  diag.info(`spanledger settings: ${described.join(', ')}`);
  return configuration;
}

function configFileText(file: string): string {
  return (
    `OTEL_CONFIG_FILE names ${file}, and nothing of it applies: spanledger reads the OTEL_* variables and spanledger.yaml. ` +
    'To use that file, start the SDK from it before spanledger/register is loaded (docs/instrumentation.md); spanledger then joins it.'
  );
}

/** Where the journal is shipped to by this process, if it is. */
function shippingLoad({ settings, directory, owner, memory }: Place): ShippingLoad | undefined {
  const { databaseUrl, schema } = settings;
  if (!settings.ship || databaseUrl === undefined) return undefined;
  const retention = retentionChore(settings);
  return { directory, owner, databaseUrl, schema, memory, ...(retention !== undefined && { retention }) };
}

/** Removing old records, where that is a chore of the processes that ship. */
function retentionChore(settings: Settings): ShippingLoad['retention'] {
  if (settings.retentionSchedule === 'off') return undefined;
  const { retentionDays: days, retentionArchive: archive } = settings;
  return { days, ...(archive !== undefined && { archive: resolve(archive) }) };
}

/** The thread is started only if there is something to carry: it costs some 10 MB. */
function startCourier(
  shipping: ShippingLoad | undefined,
  plans: ExportPlans,
  environment: Environment,
): Courier | undefined {
  const otlp = courierSignals(plans);
  if (shipping === undefined && Object.keys(otlp).length === 0) return undefined;
  return createCourier({ load: { otlp, ...(shipping !== undefined && { shipping }) }, environment });
}

interface WatchingParts {
  readonly identity: Identity;
  readonly plan: ExportPlan;
  /** Nobody else leaves a sign of life while the main thread is blocked. */
  readonly heartbeats: boolean;
}

function startWatching(
  { settings, directory, owner, memory }: Place,
  { identity, plan, heartbeats }: WatchingParts,
  environment: Environment,
): Watchdog | undefined {
  if (!settings.watchdog) return undefined;
  return startWatchdog({
    directory,
    owner,
    thresholdMillis: settings.watchdogThresholdMillis,
    redaction: redactionOf(settings),
    memory: memory.watch,
    journalMaxBytes: settings.journalMaxBytes,
    tally: memory.tally,
    heartbeats,
    logs: logTarget(plan, identity.resource),
    environment,
  });
}

interface EndingParts {
  readonly keeper: JournalKeeper;
  readonly sending: Sending;
  readonly courier: Courier | undefined;
  readonly watchdog: Watchdog | undefined;
  readonly threads: Threads;
  endRequests(): void;
}

/** A thread that is busy is hardly waited for: its records are on the disk, but for the requests that end with the process and what it holds for OTLP. */
const threadShare = 0.1;

function endWell(settings: Settings, { keeper, sending, courier, watchdog, threads, endRequests }: EndingParts): void {
  if (courier === undefined && !sending.isActive) {
    const forThreads = settings.exitTimeoutMillis * threadShare;
    const end = () => threads.handOver(forThreads);
    process.once('exit', () => eachInTurn(endRequests, () => watchdog?.finish(), keeper.finish, end));
    return;
  }
  const ears = onEnding({
    timeoutMillis: settings.exitTimeoutMillis,
    flush: () => {
      keeper.settle();
      return sending.flush();
    },
    finish: (timeoutMillis, end) =>
      eachInTurn(
        endRequests,
        () => watchdog?.finish(),
        keeper.finish,
        sending.handOver,
        () => threads.handOver(timeoutMillis * threadShare),
        () => courier?.finish(timeoutMillis * (1 - threadShare), end),
      ),
  });
  watchdog?.whenStalled(() => ears.standBack());
}
