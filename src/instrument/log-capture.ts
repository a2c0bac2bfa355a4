import { type Context, context, diag } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import type { AuditLevel } from '../domain/audit.ts';
import { describeThrown } from '../domain/thrown.ts';
import { addLogFields, type LogAttributes } from '../recording/log-fields.ts';
import { detachedText } from '../storable/detached-text.ts';
import { attribute, event } from '../telemetry/conventions.ts';
import { severityOf } from './log-levels.ts';
import { type EmittedLog, type LogProvider, logProvider } from './log-provider.ts';
import { createLogRate } from './log-rate.ts';

/** A line that a logger of the service writes. */
export interface LogLine {
  readonly logger: string;
  readonly level: AuditLevel;
  readonly message: string;
  /** What it says besides; any values. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
  /** Names of fields that stand elsewhere in the record. */
  readonly except?: ReadonlySet<string>;
  /** An error in it: thrown, or as a serializer has written it. */
  readonly error?: unknown;
  /** Where it was written; default: here. */
  readonly context?: Context | undefined;
}

/** Makes log records of the lines of a service. Nothing here throws, and nothing reaches the output of the service. */
export interface LogCapture {
  /** @param read makes the line; called only if it is wanted, and not for lines that come out of making one. */
  take(logger: string, read: () => LogLine | undefined): void;
  /** Runs the output of a logger: what it writes to the console meanwhile is a line that is taken already. */
  muted<T>(output: () => T): T;
  readonly isMuted: boolean;
  /** Tells of the lines that were left out in seconds that are over; of all of them at the end. */
  tell(isEnd?: boolean): void;
}

export interface LogCaptureOptions {
  /** Most lines of one logger in a second; 0: any number. */
  readonly perSecond: number;
  readonly onLeftOut: () => void;
  readonly now?: () => number;
}

/** Longer messages are cut, here for OTLP; rows are cut further. */
const longestMessage = 65_536;

export function createLogCapture({ perSecond, onLeftOut, now = performance.now }: LogCaptureOptions): LogCapture {
  const emitRecord = createEmitter();
  const emit = (line: LogLine, eventName?: string) => emitRecord(line.logger, recordOf(line, eventName));
  let busy = 0;
  const guarded = <T>(work: () => T): T => {
    busy += 1;
    try {
      return work();
    } finally {
      busy -= 1;
    }
  };
  const rate = createLogRate({
    perSecond,
    onLeftOut,
    now: () => now.call(performance),
    onSecondOver: ({ logger, count }) => guarded(() => emit(leftOutLine(logger, count, perSecond), event.dropped)),
  });
  return {
    take(logger, read) {
      if (busy > 0 || isTracingSuppressed(context.active())) return;
      guarded(() => {
        try {
          if (!rate.admits(logger)) return;
          const line = read();
          if (line !== undefined) emit(line);
        } catch (error) {
          diag.warn(`A line of the logger ${logger} could not be recorded.`, error);
        }
      });
    },
    muted: guarded,
    get isMuted() {
      return busy > 0;
    },
    tell: (isEnd) => rate.tell(isEnd),
  };
}

function leftOutLine(logger: string, count: number, perSecond: number): LogLine {
  return {
    logger,
    level: 'warning',
    message: `${count} lines of the logger ${logger} were left out: it wrote more than ${perSecond} in a second.`,
    fields: { dropped: count, reason: 'rate', limit: perSecond },
  };
}

/** Written out: with spread objects each line costs 3 µs more on Node.js 20. */
function recordOf(line: LogLine, eventName: string | undefined): EmittedLog {
  const { severityNumber, severityText } = severityOf(line.level);
  const record = {
    severityNumber,
    severityText,
    body: line.message.length > longestMessage ? `${line.message.slice(0, longestMessage)}…` : line.message,
    attributes: attributesOf(line),
    context: line.context ?? context.active(),
  };
  return eventName === undefined ? record : { ...record, eventName };
}

/** Hands records to the log provider that is registered, each under the name of its logger. */
export function createEmitter(): (name: string, record: EmittedLog) => void {
  let provider: LogProvider | undefined;
  const loggers = new Map<string, ReturnType<LogProvider['getLogger']>>();
  return (given, record) => {
    const current = logProvider();
    if (current === undefined) return;
    if (current !== provider) loggers.clear();
    provider = current;
    const name = scopeOf(given, loggers);
    let logger = loggers.get(name);
    if (logger === undefined) {
      const kept = detachedText(name);
      logger = current.getLogger(kept);
      loggers.set(kept, logger);
    }
    logger.emit(record);
  };
}

/** The SDK keeps each logger for good, so names are not without end. */
const mostScopes = 500;

function scopeOf(name: string, known: ReadonlyMap<string, unknown>): string {
  return known.has(name) || known.size < mostScopes ? name : 'log';
}

function attributesOf({ logger, fields, except, error }: LogLine): LogAttributes {
  const attributes: LogAttributes = { [attribute.logger]: logger };
  if (fields !== undefined) addLogFields(attributes, fields, except);
  if (error !== undefined) addError(attributes, error);
  return attributes;
}

function addError(attributes: LogAttributes, error: unknown): void {
  const { type, message, stack } = error instanceof Error ? describeThrown(error) : serializedError(error);
  if (type !== undefined) attributes[attribute.exceptionType] = type;
  if (message !== undefined) attributes[attribute.exceptionMessage] = message;
  if (stack !== undefined) attributes[attribute.exceptionStack] = stack;
}

interface SerializedError {
  readonly type?: string | undefined;
  readonly message?: string | undefined;
  readonly stack?: string | undefined;
}

/** An error as the serializers of pino and bunyan write it. */
function serializedError(error: unknown): SerializedError {
  if (typeof error !== 'object' || error === null) return { message: String(error) };
  const { code, type, name, message, stack } = error as Readonly<Record<string, unknown>>;
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
  return { type: text(code) ?? text(type) ?? text(name), message: text(message), stack: text(stack) };
}
