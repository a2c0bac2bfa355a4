import type {
  EventRecord,
  LedgerRecord,
  RequestRecord,
  UnitEndRecord,
  UnitIdentity,
  UnitStartRecord,
} from '../projection/record.ts';
import { createFieldKey, type FieldKey, toFieldKey } from './field-key.ts';
import type { FrameBuffer } from './frame-buffer.ts';
import { hasSameIds, RememberedPieces, type SharedIds } from './remembered-pieces.ts';

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

/** The members that tell what kind of event it is, and those that tell which step it is. */
type EventKind = Pick<EventRecord, 'level' | 'category' | 'event'>;
type StepNames = Pick<UnitIdentity, 'unit' | 'taskName' | 'stepName'>;

const createIds = () =>
  new RememberedPieces<SharedIds>({
    isSame: hasSameIds,
    copy: ({ traceId, sessionId, itemId, correlationId, requestId, taskId, userId, service }) =>
      ({ traceId, sessionId, itemId, correlationId, requestId, taskId, userId, service }) as SharedIds,
    write: writeIds,
  });

/**
 * Writes records as JSON, member by member: the names are known, so they cost no lookups, and what comes in the same company with
 * many records, such as the ids of an item, is remembered as bytes.
 */
export class RecordEncoder {
  readonly #ids = createIds();
  /** Units name a service that is not the owner's and their events do not, so these would take turns in the place of those. */
  readonly #foreignIds = createIds();
  readonly #kinds = new RememberedPieces<EventKind>({
    isSame: (one, other) => one.event === other.event && one.level === other.level && one.category === other.category,
    copy: ({ level, category, event }) => ({ level, category, event }),
    write: writeKind,
  });
  readonly #names = new RememberedPieces<StepNames>({
    isSame: (one, other) =>
      one.stepName === other.stepName && one.taskName === other.taskName && one.unit === other.unit,
    copy: ({ unit, taskName, stepName }) => ({ unit, taskName, stepName }),
    write: writeNames,
  });

  /** Writes a record into a frame that was begun. Throws on one that cannot be written; the frame is then to be abandoned. */
  encode(into: FrameBuffer, record: LedgerRecord): void {
    if (!isTimed(record.at)) throw new TypeError(`The time of the record is ${String(record.at)}.`);
    switch (record.type) {
      case 'event':
        this.#event(into, record);
        break;
      case 'start':
        this.#start(into, record);
        break;
      case 'end':
        this.#end(into, record);
        break;
      case 'request':
        this.#request(into, record);
        break;
      default:
        throw new TypeError(`There is no record of type ${String((record satisfies never as LedgerRecord).type)}.`);
    }
    into.constant(tail);
  }

  #start(into: FrameBuffer, record: UnitStartRecord): void {
    into.constant(heads.start);
    into.number(keys.at, record.at);
    this.#identity(into, record);
  }

  #end(into: FrameBuffer, record: UnitEndRecord): void {
    into.constant(heads.end);
    into.number(keys.at, record.at);
    this.#identity(into, record);
    into.number(keys.startAt, record.startAt);
    into.text(keys.status, record.status);
    into.number(keys.done, record.done);
    into.text(keys.output, record.output);
    into.text(keys.errorMessage, record.errorMessage);
    into.text(keys.stack, record.stack);
  }

  #writeIds(into: FrameBuffer, ids: SharedIds): void {
    const remembered = ids.service === undefined ? this.#ids : this.#foreignIds;
    remembered.write(into, ids.itemId ?? ids.sessionId, ids);
  }

  #identity(into: FrameBuffer, record: UnitIdentity & { readonly version: number }): void {
    this.#writeIds(into, record);
    into.text(keys.spanId, record.spanId);
    into.text(keys.parentSpanId, record.parentSpanId);
    this.#names.write(into, record.stepName, record);
    into.number(keys.order, record.order);
    into.number(keys.attempt, record.attempt);
    into.text(keys.input, record.input);
    into.number(keys.total, record.total);
    into.text(keys.expectation, record.expectation);
    into.number(keys.version, record.version);
  }

  #event(into: FrameBuffer, record: EventRecord): void {
    into.constant(heads.event);
    into.number(keys.at, record.at);
    this.#writeIds(into, record);
    into.text(keys.spanId, record.spanId);
    this.#kinds.write(into, record.event, record);
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

  #request(into: FrameBuffer, record: RequestRecord): void {
    into.constant(heads.request);
    into.number(keys.at, record.at);
    // Those of a request are its own.
    writeIds(into, record);
    into.text(keys.spanId, record.spanId);
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
    into.text(keys.reason, record.reason);
  }
}

function writeIds(into: FrameBuffer, ids: SharedIds): void {
  into.text(keys.traceId, ids.traceId);
  into.text(keys.sessionId, ids.sessionId);
  into.text(keys.itemId, ids.itemId);
  into.text(keys.correlationId, ids.correlationId);
  into.text(keys.requestId, ids.requestId);
  into.text(keys.taskId, ids.taskId);
  into.text(keys.userId, ids.userId);
  into.text(keys.service, ids.service);
}

function writeKind(into: FrameBuffer, kind: EventKind): void {
  into.text(keys.level, kind.level);
  into.text(keys.category, kind.category);
  into.text(keys.event, kind.event);
}

function writeNames(into: FrameBuffer, names: StepNames): void {
  into.text(keys.unit, names.unit);
  into.text(keys.taskName, names.taskName);
  into.text(keys.stepName, names.stepName);
}
