import type { Attributes, Context } from '@opentelemetry/api';
import type { AuditEntry } from './audit-entry.ts';
import { attribute, event } from './conventions.ts';
import { toErrorRecord } from './error-record.ts';
import { logContext } from './log-context.ts';
import type { UnitEvent } from './unit-event.ts';

/** The event of a record that the program writes itself, with the log fields in force. Never throws. */
export function auditEvent(entry: AuditEntry | string, context: Context): UnitEvent {
  try {
    return toEvent(typeof entry === 'string' ? { message: entry } : entry, context);
  } catch (error) {
    return toEvent({ message: 'an audit entry could not be read', error }, context);
  }
}

function toEvent(entry: AuditEntry, context: Context): UnitEvent {
  const failed = entry.error !== undefined;
  const details = withFields(entry.details, context);
  return {
    name: entry.event ?? event.audit,
    level: entry.level ?? (failed ? 'error' : 'info'),
    category: entry.category ?? (failed ? 'error' : 'validation'),
    message: entry.message,
    ...(entry.reason !== undefined && { reason: entry.reason }),
    ...(details !== undefined && { details }),
    attributes: auditAttributes(entry),
  };
}

function withFields(details: unknown, context: Context): unknown {
  const fields = logContext(context);
  if (Object.keys(fields).length === 0) return details;
  return details === undefined ? fields : { ...fields, details };
}

function auditAttributes(entry: AuditEntry): Attributes {
  const { error, recommendedActions: actions, durationMillis, actor } = entry;
  return {
    ...(error !== undefined && toErrorRecord(error, undefined, actions).attributes),
    ...(error === undefined && actions !== undefined && { [attribute.actions]: [...actions] }),
    ...(durationMillis !== undefined && { [attribute.durationMillis]: durationMillis }),
    ...(actor !== undefined && { [attribute.actor]: actor }),
  };
}
