import { type AuditLevel, levelOfSeverity, parseLevel } from '../domain/audit.ts';
import { attribute, event as eventNames } from '../telemetry/conventions.ts';
import { maxLength, type ProjectionContext, toText } from './attribute-values.ts';
import { logFields } from './event-fields.ts';
import { toEventRecord } from './event-projection.ts';
import { namesOf } from './identity-projection.ts';
import type { EventRecord } from './record.ts';
import type { LogSource } from './span-source.ts';
import { isSpanId, isTraceId } from './trace-id.ts';

/** What a log record may lack. */
export interface LogContext extends ProjectionContext {
  /** Trace id of records that were written outside of any trace. */
  readonly fallbackTraceId: string;
}

/** The record of a log line of a service; also of a log event. */
export function projectLogRecord(log: LogSource, context: LogContext): EventRecord {
  const traceId = isTraceId(log.traceId) ? log.traceId : context.fallbackTraceId;
  const spanId = isSpanId(log.spanId) ? log.spanId : undefined;
  const names = namesOf(log.attributes, log.service, context);
  const source = { name: log.eventName || eventNames.log, at: log.at, attributes: log.attributes };
  const message = toText(log.body, maxLength.message, context.sanitizer);
  return toEventRecord(source, { traceId, spanId, names }, context, {
    fields: logFields,
    defaults: { level: levelOf(log), category: 'log', message },
  });
}

function levelOf(log: LogSource): AuditLevel {
  const number = typeof log.severityNumber === 'number' ? levelOfSeverity(log.severityNumber) : undefined;
  return number ?? parseLevel(log.severityText) ?? parseLevel(log.attributes[attribute.level]) ?? 'info';
}
