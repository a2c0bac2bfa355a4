import { createRequire } from 'node:module';
import { diag } from '@opentelemetry/api';
import type { Logger } from 'winston';
import type TransportStream from 'winston-transport';
import { loadSettings } from '../configuration/settings.ts';
import { type AuditLevel, auditLevelNames, isAuditLevel, parseLevel } from '../domain/audit.ts';
import { SpanledgerError } from '../domain/errors.ts';
import { createLogCapture } from '../instrument/log-capture.ts';
import { type Info, ownLogger } from '../instrument/winston.ts';
import { environmentService } from '../recording/environment-service.ts';
import { createLogRecord, toJsonLine, toTextLine, toToldLine } from './log-record.ts';
import { createRotatingFile } from './rotating-file.ts';
import { createStandardOutput, type LineOutput } from './standard-output.ts';

type Write = (message: string, ...fields: readonly unknown[]) => Logger;

/** A winston logger with the levels of spanledger. */
export type ServiceLogger = Omit<Logger, 'child'> & {
  readonly [level in AuditLevel | 'warn']: Write;
} & { child(fields: Readonly<Record<string, unknown>>): ServiceLogger };

/** How the loggers of `getLogger` write. What is left out stays as it is. */
export interface LoggingOptions {
  /** Least level that is written and recorded. */
  readonly level?: AuditLevel;
  /** JSON, a record a line; false: text for people. */
  readonly json?: boolean;
  /** File besides standard output, rotated at 10 MB, five kept; false: none. */
  readonly logFile?: string | false;
  /** Adds the stack of the caller to each record. */
  readonly includeStack?: boolean;
}

interface Logging {
  readonly root: Logger;
  json: boolean;
  includeStack: boolean;
  file: LineOutput | undefined;
}

const nameSymbol = Symbol.for('spanledger.logger-name.v1');
const key = Symbol.for('spanledger.logging.v1');
const slot = globalThis as { [key]?: Logging };
const children = new Map<string, ServiceLogger>();
/** Names may be made of ids: those that come behind are made anew each time, and not remembered. */
const mostChildren = 1_000;

/**
 * A logger that writes one line of JSON per record to standard output, with time, level, place, trace and correlation id and the fields of
 * `withLogContext`; under `spanledger/register` each record is also a row and an OTLP log record, once. Settings come from
 * `configureLogging`, else from the environment and the configuration file.
 */
export function getLogger(name: string): ServiceLogger {
  const known = children.get(name);
  if (known !== undefined) return known;
  const logger = logging().root.child({ [nameSymbol]: name }) as unknown as ServiceLogger;
  if (children.size < mostChildren) children.set(name, logger);
  return logger;
}

/**
 * Changes how the loggers of `getLogger` write, at any time. Loggers and handlers of the program's own are left alone.
 *
 * @throws SpanledgerError `SPANLEDGER_SETTING_INVALID` for a level that is none: winston would write nothing any more.
 */
export function configureLogging(options: LoggingOptions): void {
  const { level, json, logFile, includeStack } = options;
  const least = level === undefined ? undefined : chosenLevel(level);
  const current = logging();
  if (least !== undefined) current.root.level = least;
  if (json !== undefined) current.json = json;
  if (includeStack !== undefined) current.includeStack = includeStack;
  if (logFile === undefined) return;
  current.file?.close();
  current.file = logFile === false ? undefined : createRotatingFile({ path: logFile });
}

/** Sets the loggers of `getLogger` up as `SPANLEDGER_LOG_*` and the configuration file say. The first logger does so by itself. */
export function initFromEnv(): void {
  const { settings, warnings } = loadSettings();
  for (const { message } of warnings) diag.warn(message);
  const level = settings.logLevel;
  configureLogging({ level, json: settings.logFormat === 'json', logFile: settings.logFile ?? false });
  if (settings.logSignal !== undefined) onSignal(settings.logSignal === 'sighup' ? 'SIGHUP' : 'SIGUSR2', level);
}

function chosenLevel(given: unknown): AuditLevel {
  const known = parseLevel(given);
  if (known !== undefined) return known;
  const expected = `one of ${auditLevelNames.join(', ')}`;
  const details = { source: 'configureLogging', name: 'level', value: String(given), expected };
  throw new SpanledgerError('SETTING_INVALID', { details });
}

const heard = new Set<NodeJS.Signals>();

/** Each signal switches to DEBUG, or back. */
function onSignal(signal: NodeJS.Signals, level: AuditLevel): void {
  if (heard.has(signal)) return;
  heard.add(signal);
  process.on(signal, () => configureLogging({ level: logging().root.level === 'debug' ? level : 'debug' }));
}

function logging(): Logging {
  const known = slot[key];
  if (known !== undefined) return known;
  slot[key] = createLogging();
  try {
    initFromEnv();
  } catch (error) {
    diag.error('The settings of logging could not be read; the defaults apply.', error);
  }
  return slot[key];
}

/** Winston counts from the most severe on; `warn` is another word for `warning`. */
const ranks = Object.fromEntries([
  ...auditLevelNames.toReversed().map((name, rank): [string, number] => [name, rank]),
  ['warn', auditLevelNames.length - 1 - auditLevelNames.indexOf('warning')],
]);

function createLogging(): Logging {
  // Winston is loaded with the first logger: it takes as long as all the rest of spanledger.
  const winston = createRequire(import.meta.url)('winston') as typeof import('winston');
  const service = environmentService();
  const output = createStandardOutput(process.stdout);
  const capture = createLogCapture({ perSecond: 0, onLeftOut: () => {} });
  const write = (info: Info) => {
    const line = toToldLine(info, nameOf(info), levelOf(info.level));
    const record = createLogRecord(line, service, made.includeStack);
    const text = made.json ? toJsonLine(record) : toTextLine(record);
    output.write(text);
    made.file?.write(text);
    const { logger, level, message, fields, error } = line;
    capture.take(logger, () => ({ logger, level, message, fields, error }));
  };
  const { Transport } = winston as unknown as { readonly Transport: typeof TransportStream };
  class Output extends Transport {
    override log(info: Info, next: () => void): void {
      write(info);
      next();
    }
  }
  const root = winston.createLogger({
    levels: ranks,
    level: 'info',
    format: winston.format((info) => info)(),
    transports: [new Output()],
  });
  Object.defineProperty(root, ownLogger, { value: true });
  const made: Logging = { root, json: true, includeStack: false, file: undefined };
  return made;
}

function nameOf(info: Info): string {
  return String(info[nameSymbol] ?? 'root');
}

function levelOf(level: unknown): AuditLevel {
  if (level === 'warn') return 'warning';
  return isAuditLevel(level) ? level : 'info';
}
