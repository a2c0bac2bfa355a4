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
import type { EventDraft } from './event-draft.ts';
import { toUnitKind } from './identity-projection.ts';
import type { SessionCounts } from './record.ts';
import type { SourceAttributes } from './span-source.ts';

/** Puts the value of one attribute where it belongs. Each names its field itself: a computed name is looked up every time. */
export type FieldReader = (draft: EventDraft, value: unknown, sanitizer: Sanitizer) => void;

const message = (value: unknown, sanitizer: Sanitizer) => toText(value, maxLength.message, sanitizer);

const readId = {
  sessionId: (draft, value, by) => {
    draft.sessionId = toId(value, by);
  },
  itemId: (draft, value, by) => {
    draft.itemId = toId(value, by);
  },
  correlationId: (draft, value, by) => {
    draft.correlationId = toId(value, by);
  },
  requestId: (draft, value, by) => {
    draft.requestId = toId(value, by);
  },
  taskId: (draft, value, by) => {
    draft.taskId = toId(value, by);
  },
  userId: (draft, value, by) => {
    draft.userId = toId(value, by);
  },
} as const satisfies Record<string, FieldReader>;

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
  [
    attribute.unit,
    (draft, value) => {
      draft.unit = toUnitKind(value);
    },
  ],
  [
    attribute.level,
    (draft, value) => {
      draft.level = toLevel(value);
    },
  ],
  [
    attribute.category,
    (draft, value, by) => {
      draft.category = toName(value, by);
    },
  ],
  [
    attribute.message,
    (draft, value, by) => {
      draft.message = message(value, by);
    },
  ],
  [
    attribute.seq,
    (draft, value) => {
      draft.seq = toInteger(value);
    },
  ],
  [
    attribute.version,
    (draft, value) => {
      draft.version = toCount(value);
    },
  ],
  [
    attribute.fromState,
    (draft, value, by) => {
      draft.fromState = toName(value, by);
    },
  ],
  [
    attribute.toState,
    (draft, value, by) => {
      draft.toState = toName(value, by);
    },
  ],
  [
    attribute.reason,
    (draft, value, by) => {
      draft.reason = message(value, by);
    },
  ],
  [
    attribute.durationMillis,
    (draft, value) => {
      draft.durationMillis = toFinite(value);
    },
  ],
  [
    attribute.details,
    (draft, value, by) => {
      draft.details = toJson(value, by);
    },
  ],
  [
    attribute.actions,
    (draft, value, by) => {
      draft.actions = toSentences(value, by);
    },
  ],
  [
    attribute.errorType,
    (draft, value, by) => {
      draft.errorType = toName(value, by);
    },
  ],
  [attribute.exceptionType, readExceptionType],
  [
    attribute.exceptionMessage,
    (draft, value, by) => {
      draft.errorMessage = message(value, by);
    },
  ],
  [
    attribute.exceptionStack,
    (draft, value, by) => {
      draft.stack = toText(value, maxLength.stack, by);
    },
  ],
  [
    attribute.done,
    (draft, value) => {
      draft.done = toCount(value);
    },
  ],
  [
    attribute.total,
    (draft, value) => {
      draft.total = toCount(value);
    },
  ],
  [
    attribute.attempt,
    (draft, value) => {
      draft.attempt = toInteger(value);
    },
  ],
  [
    attribute.sessionKind,
    (draft, value, by) => {
      draft.kind = toName(value, by);
    },
  ],
  [
    attribute.accountId,
    (draft, value, by) => {
      draft.accountId = toId(value, by);
    },
  ],
  [attribute.taskName, readNothing],
  [attribute.stepName, readNothing],
  [attribute.order, readNothing],
  [attribute.input, readNothing],
  [attribute.output, readNothing],
  [attribute.expectation, readNothing],
  [
    attribute.waitingUntil,
    (draft, value) => {
      draft.waitingUntil = toCount(value);
    },
  ],
  [
    attribute.waitReason,
    (draft, value, by) => {
      draft.waitReason = message(value, by);
    },
  ],
  [attribute.countTotal, readNothing],
  [attribute.countPending, readNothing],
  [attribute.countProcessing, readNothing],
  [attribute.countImported, readNothing],
  [attribute.countSkipped, readNothing],
  [attribute.countFailed, readNothing],
  [attribute.countMissing, readNothing],
  ...ids.flatMap(([field, names]) => names.map((spelling) => [spelling, readId[field]] as const)),
]);

/** As `eventFields`, for events whose texts their own unit has made storable a moment ago. */
export const storedEventFields: ReadonlyMap<string, FieldReader> = new Map<string, FieldReader>([
  ...eventFields,
  [
    attribute.message,
    (draft, value, by) => {
      draft.message = typeof value === 'string' && value !== '' ? value : message(value, by);
    },
  ],
  [
    attribute.reason,
    (draft, value, by) => {
      draft.reason = typeof value === 'string' && value !== '' ? value : message(value, by);
    },
  ],
  [
    attribute.details,
    (draft, value, by) => {
      draft.details = typeof value === 'string' ? value : toJson(value, by);
    },
  ],
]);

/** As `eventFields`, with the spellings that ids have in the fields of log lines. */
export const logFields: ReadonlyMap<string, FieldReader> = new Map<string, FieldReader>([
  ...eventFields,
  ...ids.flatMap(([field, , spellings]) => spellings.map((spelling) => [spelling, readId[field]] as const)),
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
