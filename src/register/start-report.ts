import { renameSync, writeFileSync } from 'node:fs';
import { Server } from 'node:net';
import { join } from 'node:path';
import { context, createContextKey, diag, ROOT_CONTEXT } from '@opentelemetry/api';
import { maskUrl } from '../configuration/description.ts';
import type { OtelEnvironment, Signal } from '../configuration/otel-environment.ts';
import type { Settings } from '../configuration/setting-table.ts';
import { type FoundModule, isNotInstrumented } from '../instrument/module-report.ts';
import type { RunningInstrumentation } from '../instrument/start-instrumentation.ts';
import type { RunningLoggers } from '../instrument/start-loggers.ts';
import { isSdkReplaced } from './later-sdk.ts';
import type { LogProbe } from './log-probe.ts';
import { withThreadModules } from './thread-modules.ts';

/** What is instrumented and where everything goes: the answer to "why do I see nothing?". */
export interface StartReport {
  readonly node: string;
  readonly pid: number;
  readonly service: string;
  /** `own`, or `joined` where the program has one of its own. */
  readonly sdk: 'own' | 'joined';
  /** How ES modules are intercepted; `off` where nothing is instrumented. */
  readonly esmHook: string;
  readonly modules: readonly FoundModule[];
  /** Where each signal goes. */
  readonly exports: readonly { readonly signal: Signal; readonly exporter: string; readonly to: string }[];
  readonly ledger: { readonly journal: string; readonly database: string };
  readonly redaction: { readonly rules: string; readonly further: readonly string[] };
  readonly propagation: { readonly propagators: readonly string[]; readonly correlationHeader: string };
  /** Whether a line that a library logs is recorded, where that was tried. */
  readonly logs?: LogProbe;
  /** How `getLogger` writes. */
  readonly lines: { readonly format: string; readonly level: string; readonly file: string | undefined };
  /** Whether a context that code is run in is there within it: without one no record has ids. */
  readonly keepsContext: boolean;
  /** Whether the program listens on a port or a socket by now. */
  readonly isListening: boolean;
  /** Ports that it listens on. */
  readonly ports: readonly number[];
}

export interface StartReportParts {
  readonly settings: Settings;
  readonly otel: OtelEnvironment;
  readonly service: string;
  /** Directory of the journal. */
  readonly directory: string;
  readonly isOurSdk: boolean;
  readonly instrumentation: RunningInstrumentation | undefined;
  readonly loggers: RunningLoggers | undefined;
  /** What worker threads have told of their modules. */
  readonly threadModules: () => readonly FoundModule[];
  /** Sends a line on the way that log lines go; asked once, where somebody wants the report. */
  readonly probeLogs: () => LogProbe;
}

/** What there is to say now. */
function startReport(parts: StartReportParts, logs?: LogProbe): StartReport {
  const { settings, otel, instrumentation } = parts;
  const isOurSdk = parts.isOurSdk && !isSdkReplaced();
  return {
    node: process.version,
    pid: process.pid,
    service: parts.service,
    sdk: isOurSdk ? 'own' : 'joined',
    esmHook: instrumentation?.esmHook ?? 'off',
    modules: modulesOf(parts),
    exports: isOurSdk ? signals.flatMap((signal) => exportsOf(signal, otel)) : [],
    ledger: { journal: parts.directory, database: databaseText(settings) },
    redaction: {
      rules: 'credentials, cookies, tokens, keys, passwords and connection strings, in every record and export',
      further: [
        ...settings.redactKeys,
        ...settings.redactPaths,
        ...settings.redactPatterns.map((source) => `/${source}/`),
      ],
    },
    propagation: { propagators: otel.propagators, correlationHeader: settings.correlationHeader },
    ...(logs !== undefined && { logs }),
    lines: { format: settings.logFormat, level: settings.logLevel, file: settings.logFile },
    keepsContext: keepsContext(),
    ports: listeningPorts(),
    isListening: process.getActiveResourcesInfo().some((name) => name === 'TCPServerWrap' || name === 'PipeServerWrap'),
  };
}

function modulesOf({ instrumentation, loggers, threadModules }: StartReportParts): readonly FoundModule[] {
  const own = [...(instrumentation?.modules() ?? []), ...(loggers?.modules() ?? [])];
  return withThreadModules(own, threadModules());
}

const probeKey = createContextKey('spanledger probe');

function keepsContext(): boolean {
  return context.with(ROOT_CONTEXT.setValue(probeKey, true), () => context.active().getValue(probeKey) === true);
}

/** Node.js has no other way to ask; where it is gone one day there are none. */
function listeningPorts(): readonly number[] {
  const { _getActiveHandles: handles } = process as { readonly _getActiveHandles?: () => readonly unknown[] };
  return (handles?.() ?? []).flatMap((handle) => {
    const address = handle instanceof Server ? handle.address() : null;
    return typeof address === 'object' && address !== null ? [address.port] : [];
  });
}

const signals: readonly Signal[] = ['traces', 'logs', 'metrics'];

function exportsOf(signal: Signal, otel: OtelEnvironment): StartReport['exports'] {
  const { [signal]: exporters } = otel.exporters;
  return exporters.map((name) => ({
    signal,
    exporter: name === 'otlp' ? `otlp ${otel.protocol[signal]}` : name,
    to: name === 'otlp' ? maskUrl(otel.endpoints[signal] ?? 'the default endpoint') : name,
  }));
}

function databaseText({ databaseUrl, ship }: Settings): string {
  if (databaseUrl === undefined) return 'none: the records stay in the journal';
  return ship ? maskUrl(databaseUrl) : `${maskUrl(databaseUrl)}, shipped by another process`;
}

const lookMillis = 200;
const debugMillis = 2000;

/**
 * Tells the report once, as a debug message, when a program has had the time to load its modules; and keeps it in a file of that
 * directory for `spanledger doctor -- node app.js`, where that asks for it. Keeps no process alive.
 */
export function tellStart(parts: StartReportParts, directory: string | undefined): void {
  const tell = once(() => diag.debug('What is instrumented, and where it goes:', startReport(parts)));
  setTimeout(tell, debugMillis).unref();
  process.once('exit', tell);
  warnOfGaps(parts);
  process.once('exit', () => warnOfNeverMatched(parts));
  if (directory === undefined) return;
  const file = join(directory, `${process.pid}.json`);
  const write = () => writeReport(file, startReport(parts, parts.probeLogs()));
  setInterval(write, lookMillis).unref();
  process.once('exit', write);
}

/** A module that is loaded already is the one gap that is known at once, and that nobody notices. */
function warnOfGaps({ instrumentation }: StartReportParts): void {
  for (const { module, status, note } of instrumentation?.modules() ?? []) {
    // What the program has not loaded so far it may load later.
    if (isNotInstrumented({ status }) && status !== 'never matched')
      diag.warn(`${module} is not instrumented: ${status}. ${note ?? ''}`);
  }
}

/** An entry of the configuration file that came to nothing is noticed by nobody; where there is time, at the end. */
function warnOfNeverMatched(parts: StartReportParts): void {
  for (const { module, status, instrumentation: place = '', note = '' } of modulesOf(parts)) {
    if (status === 'never matched') diag.warn(`${place}: ${module} was never matched. ${note}`);
  }
}

function writeReport(file: string, report: StartReport): void {
  try {
    // Whole or not at all: it is read while it is written.
    writeFileSync(`${file}.new`, JSON.stringify(report));
    renameSync(`${file}.new`, file);
  } catch (error) {
    diag.debug('The start report could not be written.', error);
  }
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
}
