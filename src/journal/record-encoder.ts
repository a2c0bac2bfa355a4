import type {
  EventRecord,
  LedgerRecord,
  RequestRecord,
  UnitEndRecord,
  UnitIdentity,
  UnitStartRecord,
} from '../projection/record.ts';
import {
  numberMember,
  RememberedNumbers,
  RememberedTexts,
  RememberedTriples,
  TimeText,
  textMember,
} from './json-text.ts';
import { LastText, RememberedIds } from './remembered-ids.ts';

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

/** Members that come again and again. */
const createMembers = () => ({
  seq: new RememberedNumbers(',"seq":'),
  unit: new RememberedTexts(',"unit":'),
  fromState: new RememberedTexts(',"fromState":'),
  toState: new RememberedTexts(',"toState":'),
  reason: new RememberedTexts(',"reason":'),
  details: new RememberedTexts(',"details":'),
  errorType: new RememberedTexts(',"errorType":'),
  kind: new RememberedTexts(',"kind":'),
  attempt: new RememberedNumbers(',"attempt":'),
  done: new RememberedNumbers(',"done":'),
  total: new RememberedNumbers(',"total":'),
  status: new RememberedTexts(',"status":'),
  order: new RememberedNumbers(',"order":'),
  direction: new RememberedTexts(',"direction":'),
  method: new RememberedTexts(',"method":'),
  route: new RememberedTexts(',"route":'),
  responseStatus: new RememberedNumbers(',"responseStatus":'),
});

/**
 * Writes records as JSON. Names come again with every record and ids with every record of a unit, so both are remembered as they
 * stand in a line. Pieces are joined as strings, which the engine copies into bytes a whole line at a time: writing them byte by byte
 * takes six times as long (`bench/journal.js`).
 */
export class RecordEncoder {
  readonly #members = createMembers();
  readonly #kinds = new RememberedTriples([',"event":', ',"level":', ',"category":']);
  readonly #steps = new RememberedTriples([',"stepName":', ',"taskName":', ',"unit":']);
  readonly #parent = new LastText(',"parentSpanId":');
  readonly #time = new TimeText();
  /** Units name a service that is not the owner's, events do not. */
  readonly #unitIds = new RememberedIds();
  readonly #eventIds = new RememberedIds();

  /** The JSON of a record. Throws on a record that cannot be written. */
  encode(record: LedgerRecord): string {
    if (!Number.isFinite(record.at)) throw new TypeError(`The time of the record is ${String(record.at)}.`);
    switch (record.type) {
      case 'event':
        return this.#event(record);
      case 'start':
        return this.#start(record);
      case 'end':
        return this.#end(record);
      case 'request':
        return this.#request(record);
      default:
        throw new TypeError(`There is no record of type ${String((record satisfies never as LedgerRecord).type)}.`);
    }
  }

  #event(record: EventRecord): string {
    let line = `{"type":"event","at":${this.#time.text(record.at)}`;
    line += this.#eventIds.members(record);
    line += this.#kinds.members(record.event, record.level, record.category);
    if (record.message !== undefined) line += textMember(',"message":', record.message);
    if (record.seq !== undefined) line += this.#members.seq.member(record.seq);
    if (record.version !== undefined) line += this.#time.member(',"version":', record.version);
    if (record.unit !== undefined) line += this.#members.unit.member(record.unit);
    if (record.fromState !== undefined) line += this.#members.fromState.member(record.fromState);
    if (record.toState !== undefined) line += this.#members.toState.member(record.toState);
    if (record.reason !== undefined) line += this.#members.reason.member(record.reason);
    if (record.durationMillis !== undefined) line += numberMember(',"durationMillis":', record.durationMillis);
    if (record.details !== undefined) line += this.#members.details.member(record.details);
    if (record.errorType !== undefined) line += this.#members.errorType.member(record.errorType);
    if (record.errorMessage !== undefined) line += textMember(',"errorMessage":', record.errorMessage);
    if (record.stack !== undefined) line += textMember(',"stack":', record.stack);
    if (record.actions !== undefined) line += json(',"actions":', record.actions);
    if (record.kind !== undefined) line += this.#members.kind.member(record.kind);
    if (record.accountId !== undefined) line += textMember(',"accountId":', record.accountId);
    if (record.attempt !== undefined) line += this.#members.attempt.member(record.attempt);
    if (record.done !== undefined) line += this.#members.done.member(record.done);
    if (record.total !== undefined) line += this.#members.total.member(record.total);
    if (record.counts !== undefined) line += json(',"counts":', record.counts);
    if (record.waitingUntil !== undefined) line += this.#time.member(',"waitingUntil":', record.waitingUntil);
    if (record.waitReason !== undefined) line += textMember(',"waitReason":', record.waitReason);
    return `${line}}`;
  }

  #start(record: UnitStartRecord): string {
    return `{"type":"start","at":${this.#time.text(record.at)}${this.#identity(record)}}`;
  }

  #end(record: UnitEndRecord): string {
    let line = `{"type":"end","at":${this.#time.text(record.at)}`;
    line += this.#identity(record);
    if (record.startAt !== undefined) line += this.#time.member(',"startAt":', record.startAt);
    if (record.status !== undefined) line += this.#members.status.member(record.status);
    if (record.done !== undefined) line += this.#members.done.member(record.done);
    if (record.output !== undefined) line += textMember(',"output":', record.output);
    if (record.errorMessage !== undefined) line += textMember(',"errorMessage":', record.errorMessage);
    if (record.stack !== undefined) line += textMember(',"stack":', record.stack);
    return `${line}}`;
  }

  #identity(record: UnitIdentity & { readonly version: number }): string {
    let line = this.#unitIds.members(record);
    if (record.parentSpanId !== undefined) line += this.#parent.member(record.parentSpanId);
    line += this.#steps.members(record.stepName, record.taskName, record.unit);
    if (record.order !== undefined) line += this.#members.order.member(record.order);
    if (record.attempt !== undefined) line += this.#members.attempt.member(record.attempt);
    if (record.input !== undefined) line += textMember(',"input":', record.input);
    if (record.total !== undefined) line += this.#members.total.member(record.total);
    if (record.expectation !== undefined) line += textMember(',"expectation":', record.expectation);
    if (record.version !== undefined) line += this.#time.member(',"version":', record.version);
    return line;
  }

  #request(record: RequestRecord): string {
    let line = `{"type":"request","at":${this.#time.text(record.at)}`;
    line += this.#eventIds.members(record);
    if (record.direction !== undefined) line += this.#members.direction.member(record.direction);
    if (record.method !== undefined) line += this.#members.method.member(record.method);
    if (record.endpoint !== undefined) line += textMember(',"endpoint":', record.endpoint);
    if (record.route !== undefined) line += this.#members.route.member(record.route);
    if (record.requestHeader !== undefined) line += textMember(',"requestHeader":', record.requestHeader);
    if (record.requestBody !== undefined) line += textMember(',"requestBody":', record.requestBody);
    if (record.responseStatus !== undefined) line += this.#members.responseStatus.member(record.responseStatus);
    if (record.responseBody !== undefined) line += textMember(',"responseBody":', record.responseBody);
    if (record.durationMillis !== undefined) line += numberMember(',"durationMillis":', record.durationMillis);
    if (record.ipAddress !== undefined) line += textMember(',"ipAddress":', record.ipAddress);
    return `${line}}`;
  }
}

function json(key: string, value: object): string {
  return key + JSON.stringify(value);
}
