import { type Context, context } from '@opentelemetry/api';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { attribute, scopeName } from '../telemetry/conventions.ts';
import { correlationId } from '../telemetry/correlation.ts';
import { currentScope } from '../telemetry/current-scope.ts';
import { logContext } from '../telemetry/log-context.ts';
import { type LogValue, toLogValue } from './log-fields.ts';

/** What a record is while it is emitted, in both lines of the SDK. */
interface WritableLog extends ReadableLogRecord {
  setAttribute(name: string, value: LogValue): unknown;
}

/**
 * Puts what is known where a log line was written onto its record, whoever made that: the ids of the session and the item, the
 * correlation id, and the fields of `withLogContext`. What the line says itself stays, but for the ids: those are ours to know.
 * Events of spanledger bring their own.
 */
export function addLogIdentity(log: ReadableLogRecord, emitted: Context | undefined): void {
  if (log.instrumentationScope.name === scopeName || !isWritable(log)) return;
  const from = emitted ?? context.active();
  const said = log.attributes;
  for (const [name, value] of Object.entries(logContext(from))) {
    const known = Object.hasOwn(said, name) ? undefined : toLogValue(value);
    if (known !== undefined) log.setAttribute(name, known);
  }
  const scope = currentScope(from);
  if (scope !== undefined) {
    for (const name in scope.identity) {
      const value = scope.identity[name];
      if (typeof value === 'string' || typeof value === 'number') log.setAttribute(name, value);
    }
  }
  const correlation = correlationId(from);
  if (correlation !== undefined && said[attribute.correlationId] === undefined) {
    log.setAttribute(attribute.correlationId, correlation);
  }
}

function isWritable(log: ReadableLogRecord): log is WritableLog {
  return typeof (log as Partial<WritableLog>).setAttribute === 'function';
}
