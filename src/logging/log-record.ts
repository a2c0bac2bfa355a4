import { isSpanContextValid, trace } from '@opentelemetry/api';
import type { AuditLevel } from '../domain/audit.ts';
import { errorOf, type Info, messageOf, restOf, splatSymbol } from '../instrument/winston.ts';
import { sanitizer } from '../storable/sanitizer.ts';
import { correlationId } from '../telemetry/correlation.ts';
import { logContext } from '../telemetry/log-context.ts';
import { type CallSite, callSite } from './call-site.ts';

/** A line as it is written: the fields of the JSON format, in their order. Those without a value are left out. */
export interface LogRecord {
  /** UTC, with milliseconds. */
  readonly timestamp: string;
  readonly level: Uppercase<AuditLevel>;
  readonly logger: string;
  readonly message: string;
  readonly correlation_id?: string;
  /** 32 hex digits. */
  readonly trace_id?: string;
  readonly span_id?: string;
  readonly service: string;
  readonly source?: CallSite;
  /** What the caller and `withLogContext` gave, and nothing else. */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly exception?: { readonly type?: string; readonly message?: string; readonly stack?: string };
  readonly stack_info?: string;
}

/** Names of the fields of a record, which the configurations for log back ends use. */
export const logRecordFields = [
  'timestamp',
  'level',
  'logger',
  'message',
  'correlation_id',
  'trace_id',
  'span_id',
  'service',
  'source',
  'extra',
  'exception',
  'stack_info',
] as const satisfies readonly (keyof LogRecord)[];

/** What is told to a logger, taken apart. */
export interface ToldLine {
  readonly logger: string;
  readonly level: AuditLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly error: unknown;
}

/** Takes apart what winston made of the arguments of a call: it puts fields, message and error into one object. */
export function toToldLine(info: Info, logger: string, level: AuditLevel): ToldLine {
  const splat = info[splatSymbol];
  const given = Array.isArray(splat) ? (splat as readonly unknown[]) : [];
  const [first] = given;
  const error = errorOf(info, given);
  const { level: _, message: __, ...fields } = info as Record<string, unknown>;
  if (error !== undefined) for (const name of ['stack', 'cause']) delete fields[name];
  for (const name of Object.keys(fields)) if (fields[name] === error) delete fields[name];
  Object.assign(fields, restOf(info, given), isFields(first) && first);
  return { logger, level, message: ownMessage(messageOf(info, given), first), fields, error };
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Error);
}

/** Winston writes the message of an error, or of fields that have one, behind that of the line. */
function ownMessage(message: string, first: unknown): string {
  const more =
    typeof first === 'object' && first !== null ? (first as { readonly message?: unknown }).message : undefined;
  const tail = ` ${String(more)}`;
  return more !== undefined && message.endsWith(tail) ? message.slice(0, -tail.length) : message;
}

/** Makes the record of a line that is written now and here. */
export function createLogRecord(line: ToldLine, service: string, includeStack: boolean): LogRecord {
  const spanContext = trace.getActiveSpan()?.spanContext();
  const correlation = correlationId();
  const source = callSite();
  const extra = { ...logContext(), ...line.fields };
  const exception = line.error === undefined ? undefined : exceptionOf(line.error);
  return {
    timestamp: new Date().toISOString(),
    level: line.level.toUpperCase() as Uppercase<AuditLevel>,
    logger: line.logger,
    message: line.message,
    ...(correlation !== undefined && { correlation_id: correlation }),
    ...(spanContext !== undefined &&
      isSpanContextValid(spanContext) && { trace_id: spanContext.traceId, span_id: spanContext.spanId }),
    service,
    ...(source !== undefined && { source }),
    ...(Object.keys(extra).length > 0 && { extra }),
    ...(exception !== undefined && { exception }),
    ...(includeStack && { stack_info: stackHere() }),
  };
}

function exceptionOf(error: unknown): LogRecord['exception'] {
  const { code, name, message, stack } = error as Readonly<Record<string, unknown>>;
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
  const type = text(code) ?? text(name);
  const said = text(message);
  const trail = text(stack);
  return {
    ...(type !== undefined && { type }),
    ...(said !== undefined && { message: said }),
    ...(trail !== undefined && { stack: trail }),
  };
}

function stackHere(): string {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, createLogRecord);
  return holder.stack?.replace(/^Error\n/, '') ?? '';
}

/** The record as one line of JSON, redacted. */
export function toJsonLine(record: LogRecord): string {
  return `${sanitizer().json(record)}\n`;
}

/** Whatever could move a cursor, change colours or begin a line. */
const unsafe = /[\p{Cc}\p{Cs}\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;
const widest = 8;

/** The record as one line for people, redacted: time, level, logger, message, then what else there is. */
export function toTextLine(record: LogRecord): string {
  const { timestamp, level, logger, message, correlation_id, extra, exception, source } = record;
  const rest: Readonly<Record<string, unknown>> = {
    ...extra,
    ...(correlation_id !== undefined && { correlation_id }),
    ...(exception !== undefined && { exception: exception.stack ?? exception.message }),
    ...(source !== undefined && { source: `${source.file}:${source.line}` }),
  };
  const pairs = Object.entries(rest).map(([name, value]) => `${name}=${pairText(name, value)}`);
  const line = [timestamp, level.padEnd(widest), logger, sanitizer().text(message), ...pairs].join(' ');
  return `${line.replace(unsafe, escaped)}\n`;
}

function pairText(name: string, value: unknown): string {
  const { [name]: text } = JSON.parse(sanitizer().json({ [name]: value })) as Readonly<Record<string, unknown>>;
  return typeof text === 'string' && /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

function escaped(character: string): string {
  return JSON.stringify(character)
    .slice(1, -1)
    .replace(character, `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
