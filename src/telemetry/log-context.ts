import { type Attributes, type Context, context, createContextKey } from '@opentelemetry/api';
import { assertFunction } from './block-argument.ts';
import { attribute } from './conventions.ts';

// The keys are shared by all copies of the package: OpenTelemetry makes them with Symbol.for.
const fieldsKey = createContextKey('spanledger.log-context.v1');

/** Fields that log lines and audit entries of a block carry. */
export type LogContextFields = Readonly<Record<string, unknown>>;

const noFields: LogContextFields = Object.freeze({});

/**
 * Runs `fn` with further log fields; everything awaited in it has them too, and they are gone when it is over. Blocks
 * nest and add up. `user_id`, `job_id` (or `task_id`) and `request_id` become columns of the records made inside.
 */
export function withLogContext<T>(fields: LogContextFields, fn: () => T): T {
  assertFunction('withLogContext', 'its second argument', fn);
  const active = context.active();
  return context.with(active.setValue(fieldsKey, { ...logContext(active), ...fields }), fn);
}

/** The log fields in force. */
export function logContext(from: Context = context.active()): LogContextFields {
  const fields = from.getValue(fieldsKey);
  return typeof fields === 'object' && fields !== null ? (fields as LogContextFields) : noFields;
}

const identityFields: readonly (readonly [field: string, attribute: string])[] = [
  ['user_id', attribute.userId],
  ['userId', attribute.userId],
  ['job_id', attribute.taskId],
  ['jobId', attribute.taskId],
  ['task_id', attribute.taskId],
  ['taskId', attribute.taskId],
  ['request_id', attribute.requestId],
  ['requestId', attribute.requestId],
];

/** The ids among the log fields, as attributes of a unit. */
export function contextIdentity(from: Context): Attributes {
  const fields = logContext(from);
  const identity: Attributes = {};
  if (fields === noFields) return identity;
  for (const [field, name] of identityFields) {
    const value = fields[field];
    if (typeof value === 'string' || typeof value === 'number') identity[name] = String(value);
  }
  return identity;
}
