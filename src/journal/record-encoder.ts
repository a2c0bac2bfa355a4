import type {
  EventRecord,
  LedgerRecord,
  RecordIds,
  RequestRecord,
  UnitEndRecord,
  UnitIdentity,
  UnitStartRecord,
} from '../projection/record.ts';
import { createFieldKey, type FieldKey, toFieldKey } from './field-key.ts';
import type { FrameBuffer } from './frame-buffer.ts';

type FieldNames = keyof EventRecord | keyof UnitStartRecord | keyof UnitEndRecord | keyof RequestRecord;

/** How each field of a record stands in its JSON. A field added to a record does not compile until it is named here. */
export const fieldKinds = {
  traceId: 'text',
  spanId: 'text',
  sessionId: 'text',
  itemId: 'text',
  correlationId: 'text',
  requestId: 'text',
  taskId: 'text',
  userId: 'text',
  service: 'text',
  parentSpanId: 'text',
  unit: 'text',
  taskName: 'text',
  stepName: 'text',
  order: 'plain',
  attempt: 'plain',
  input: 'text',
  total: 'plain',
  at: 'plain',
  version: 'plain',
  startAt: 'plain',
  status: 'text',
  done: 'plain',
  output: 'text',
  errorMessage: 'text',
  stack: 'text',
  level: 'text',
  category: 'text',
  event: 'text',
  message: 'text',
  seq: 'plain',
  fromState: 'text',
  toState: 'text',
  reason: 'text',
  durationMillis: 'plain',
  details: 'text',
  errorType: 'text',
  actions: 'plain',
  kind: 'text',
  accountId: 'text',
  counts: 'plain',
  expectation: 'text',
  waitingUntil: 'plain',
  waitReason: 'text',
  direction: 'text',
  method: 'text',
  endpoint: 'text',
  route: 'text',
  requestHeader: 'text',
  requestBody: 'text',
  responseStatus: 'plain',
  responseBody: 'text',
  ipAddress: 'text',
} as const satisfies Record<Exclude<FieldNames, 'type'>, 'text' | 'plain'>;

const keys = Object.fromEntries(
  Object.entries(fieldKinds).map(([name, kind]) => [name, createFieldKey(name, kind)]),
) as Record<keyof typeof fieldKinds, FieldKey>;

const heads = {
  start: toFieldKey('{"type":"start"'),
  end: toFieldKey('{"type":"end"'),
  event: toFieldKey('{"type":"event"'),
  request: toFieldKey('{"type":"request"'),
};
const tail = toFieldKey('}');

/** Numbers without which a record cannot be stored. */
const isTimed = (at: unknown): boolean => Number.isFinite(at);

/**
 * Writes a record as JSON, member by member: the names are known, so they cost no lookups. Throws on a record that
 * cannot be written; the frame is then to be abandoned.
 */
export function encodeRecord(into: FrameBuffer, record: LedgerRecord): void {
  if (!isTimed(record.at)) throw new TypeError(`The time of the record is ${String(record.at)}.`);
  switch (record.type) {
    case 'event':
      encodeEvent(into, record);
      break;
    case 'start':
      encodeStart(into, record);
      break;
    case 'end':
      encodeEnd(into, record);
      break;
    case 'request':
      encodeRequest(into, record);
      break;
    default:
      throw new TypeError(`There is no record of type ${String((record satisfies never as LedgerRecord).type)}.`);
  }
  into.constant(tail);
}

function encodeIds(into: FrameBuffer, record: RecordIds): void {
  into.text(keys.traceId, record.traceId);
  into.text(keys.spanId, record.spanId);
  into.text(keys.sessionId, record.sessionId);
  into.text(keys.itemId, record.itemId);
  into.text(keys.correlationId, record.correlationId);
  into.text(keys.requestId, record.requestId);
  into.text(keys.taskId, record.taskId);
  into.text(keys.userId, record.userId);
  into.text(keys.service, record.service);
}

function encodeIdentity(into: FrameBuffer, record: UnitIdentity & { readonly version: number }): void {
  encodeIds(into, record);
  into.text(keys.parentSpanId, record.parentSpanId);
  into.text(keys.unit, record.unit);
  into.text(keys.taskName, record.taskName);
  into.text(keys.stepName, record.stepName);
  into.number(keys.order, record.order);
  into.number(keys.attempt, record.attempt);
  into.text(keys.input, record.input);
  into.number(keys.total, record.total);
  into.text(keys.expectation, record.expectation);
  into.number(keys.version, record.version);
}

function encodeStart(into: FrameBuffer, record: UnitStartRecord): void {
  into.constant(heads.start);
  into.number(keys.at, record.at);
  encodeIdentity(into, record);
}

function encodeEnd(into: FrameBuffer, record: UnitEndRecord): void {
  into.constant(heads.end);
  into.number(keys.at, record.at);
  encodeIdentity(into, record);
  into.number(keys.startAt, record.startAt);
  into.text(keys.status, record.status);
  into.number(keys.done, record.done);
  into.text(keys.output, record.output);
  into.text(keys.errorMessage, record.errorMessage);
  into.text(keys.stack, record.stack);
}

function encodeEvent(into: FrameBuffer, record: EventRecord): void {
  into.constant(heads.event);
  into.number(keys.at, record.at);
  encodeIds(into, record);
  into.text(keys.level, record.level);
  into.text(keys.category, record.category);
  into.text(keys.event, record.event);
  into.text(keys.message, record.message);
  into.number(keys.seq, record.seq);
  into.number(keys.version, record.version);
  into.text(keys.unit, record.unit);
  into.text(keys.fromState, record.fromState);
  into.text(keys.toState, record.toState);
  into.text(keys.reason, record.reason);
  into.number(keys.durationMillis, record.durationMillis);
  into.text(keys.details, record.details);
  into.text(keys.errorType, record.errorType);
  into.text(keys.errorMessage, record.errorMessage);
  into.text(keys.stack, record.stack);
  into.json(keys.actions, record.actions);
  into.text(keys.kind, record.kind);
  into.text(keys.accountId, record.accountId);
  into.number(keys.attempt, record.attempt);
  into.number(keys.done, record.done);
  into.number(keys.total, record.total);
  into.json(keys.counts, record.counts);
  into.number(keys.waitingUntil, record.waitingUntil);
  into.text(keys.waitReason, record.waitReason);
}

function encodeRequest(into: FrameBuffer, record: RequestRecord): void {
  into.constant(heads.request);
  into.number(keys.at, record.at);
  encodeIds(into, record);
  into.text(keys.direction, record.direction);
  into.text(keys.method, record.method);
  into.text(keys.endpoint, record.endpoint);
  into.text(keys.route, record.route);
  into.text(keys.requestHeader, record.requestHeader);
  into.text(keys.requestBody, record.requestBody);
  into.number(keys.responseStatus, record.responseStatus);
  into.text(keys.responseBody, record.responseBody);
  into.number(keys.durationMillis, record.durationMillis);
  into.text(keys.ipAddress, record.ipAddress);
}
