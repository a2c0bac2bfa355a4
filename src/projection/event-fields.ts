import type { Sanitizer } from '../storable/sanitizer.ts';
import { attribute } from '../telemetry/conventions.ts';
import {
  maxLength,
  toCount,
  toFinite,
  toId,
  toInteger,
  toJson,
  toLevel,
  toName,
  toSentences,
  toText,
} from './attribute-values.ts';
import { toUnitKind } from './identity-projection.ts';
import type { EventRecord, SessionCounts } from './record.ts';
import type { SourceAttributes } from './span-source.ts';

/** An event record in the making. */
export type EventDraft = { -readonly [K in keyof EventRecord]?: EventRecord[K] | undefined };

/** Puts the value of one attribute where it belongs. */
export type FieldReader = (draft: EventDraft, value: unknown, sanitizer: Sanitizer) => void;

type Read<T> = (value: unknown, sanitizer: Sanitizer) => T;

const into =
  <K extends keyof EventDraft>(field: K, read: Read<EventDraft[K]>): FieldReader =>
  (draft, value, sanitizer) => {
    draft[field] = read(value, sanitizer);
  };
const message: Read<string | undefined> = (value, sanitizer) => toText(value, maxLength.message, sanitizer);
const stack: Read<string | undefined> = (value, sanitizer) => toText(value, maxLength.stack, sanitizer);

const ids = [
  ['sessionId', [attribute.sessionId], ['session_id', 'sessionId']],
  ['itemId', [attribute.itemId], ['item_id', 'itemId']],
  ['correlationId', [attribute.correlationId], ['correlation_id', 'correlationId']],
  ['requestId', [attribute.requestId], ['request_id', 'requestId']],
  ['taskId', [attribute.taskId], ['task_id', 'taskId', 'job_id', 'jobId']],
  ['userId', [attribute.userId], ['user_id', 'userId']],
] as const;

/** Attributes that have a place of their own; all others become details. */
export const eventFields: ReadonlyMap<string, FieldReader> = new Map<string, FieldReader>([
  [attribute.unit, into('unit', toUnitKind)],
  [attribute.level, into('level', toLevel)],
  [attribute.category, into('category', toName)],
  [attribute.message, into('message', message)],
  [attribute.seq, into('seq', toInteger)],
  [attribute.version, into('version', toCount)],
  [attribute.fromState, into('fromState', toName)],
  [attribute.toState, into('toState', toName)],
  [attribute.reason, into('reason', message)],
  [attribute.durationMillis, into('durationMillis', toFinite)],
  [attribute.details, into('details', toJson)],
  [attribute.actions, into('actions', toSentences)],
  [attribute.errorType, into('errorType', toName)],
  [attribute.exceptionType, readExceptionType],
  [attribute.exceptionMessage, into('errorMessage', message)],
  [attribute.exceptionStack, into('stack', stack)],
  [attribute.done, into('done', toCount)],
  [attribute.total, into('total', toCount)],
  [attribute.attempt, into('attempt', toInteger)],
  [attribute.sessionKind, into('kind', toName)],
  [attribute.accountId, into('accountId', toId)],
  [attribute.taskName, readNothing],
  [attribute.stepName, readNothing],
  [attribute.order, readNothing],
  [attribute.input, readNothing],
  [attribute.output, readNothing],
  [attribute.expectation, readNothing],
  [attribute.waitingUntil, into('waitingUntil', toCount)],
  [attribute.waitReason, into('waitReason', message)],
  [attribute.countTotal, readNothing],
  [attribute.countPending, readNothing],
  [attribute.countProcessing, readNothing],
  [attribute.countImported, readNothing],
  [attribute.countSkipped, readNothing],
  [attribute.countFailed, readNothing],
  [attribute.countMissing, readNothing],
  ...ids.flatMap(([field, names]) => names.map((spelling) => [spelling, into(field, toId)] as const)),
]);

/** As `eventFields`, with the spellings that ids have in the fields of log lines. */
export const logFields: ReadonlyMap<string, FieldReader> = new Map<string, FieldReader>([
  ...eventFields,
  ...ids.flatMap(([field, , spellings]) => spellings.map((spelling) => [spelling, into(field, toId)] as const)),
]);

/** The class of an exception is the type of the error where nothing names a better one. */
function readExceptionType(draft: EventDraft, value: unknown, sanitizer: Sanitizer): void {
  draft.errorType ??= toName(value, sanitizer);
}

/** Counts make one field together, read by `countsOf`; what names a unit, as log events repeat it, stands in the unit's own row. */
function readNothing(): void {}

/** The counts among the attributes, or `undefined` where there is no total. */
export function countsOf(attributes: SourceAttributes): SessionCounts | undefined {
  const total = toCount(attributes[attribute.countTotal]);
  if (total === undefined) return undefined;
  const read = (key: string): number => toCount(attributes[key]) ?? 0;
  return {
    total,
    pending: read(attribute.countPending),
    processing: read(attribute.countProcessing),
    imported: read(attribute.countImported),
    skipped: read(attribute.countSkipped),
    failed: read(attribute.countFailed),
    missing: read(attribute.countMissing),
  };
}
