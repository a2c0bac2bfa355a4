import type {
  EventRecord,
  LedgerRecord,
  RequestRecord,
  UnitEndRecord,
  UnitIdentity,
  UnitStartRecord,
} from '../projection/record.ts';
import { quoted, RememberedTexts, TimeText } from './json-text.ts';
import { RememberedIds } from './remembered-ids.ts';

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

/**
 * Writes records as JSON. Names come again with every record and ids with every record of a unit, so both are remembered as they
 * stand in a line. Pieces are joined as strings, which the engine copies into bytes a whole line at a time: writing them byte by byte
 * takes six times as long (`bench/journal.js`).
 */
export class RecordEncoder {
  readonly #names = new RememberedTexts();
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
    if (record.level !== undefined) line += this.#names.member(',"level":', record.level);
    if (record.category !== undefined) line += this.#names.member(',"category":', record.category);
    if (record.event !== undefined) line += this.#names.member(',"event":', record.event);
    if (record.message !== undefined) line += text(',"message":', record.message);
    if (record.seq !== undefined) line += number(',"seq":', record.seq);
    if (record.version !== undefined) line += this.#time.member(',"version":', record.version);
    if (record.unit !== undefined) line += this.#names.member(',"unit":', record.unit);
    if (record.fromState !== undefined) line += this.#names.member(',"fromState":', record.fromState);
    if (record.toState !== undefined) line += this.#names.member(',"toState":', record.toState);
    if (record.reason !== undefined) line += this.#names.member(',"reason":', record.reason);
    if (record.durationMillis !== undefined) line += number(',"durationMillis":', record.durationMillis);
    if (record.details !== undefined) line += text(',"details":', record.details);
    if (record.errorType !== undefined) line += this.#names.member(',"errorType":', record.errorType);
    if (record.errorMessage !== undefined) line += text(',"errorMessage":', record.errorMessage);
    if (record.stack !== undefined) line += text(',"stack":', record.stack);
    if (record.actions !== undefined) line += json(',"actions":', record.actions);
    if (record.kind !== undefined) line += this.#names.member(',"kind":', record.kind);
    if (record.accountId !== undefined) line += text(',"accountId":', record.accountId);
    if (record.attempt !== undefined) line += number(',"attempt":', record.attempt);
    if (record.done !== undefined) line += number(',"done":', record.done);
    if (record.total !== undefined) line += number(',"total":', record.total);
    if (record.counts !== undefined) line += json(',"counts":', record.counts);
    if (record.waitingUntil !== undefined) line += this.#time.member(',"waitingUntil":', record.waitingUntil);
    if (record.waitReason !== undefined) line += text(',"waitReason":', record.waitReason);
    return `${line}}`;
  }

  #start(record: UnitStartRecord): string {
    return `{"type":"start","at":${this.#time.text(record.at)}${this.#identity(record)}}`;
  }

  #end(record: UnitEndRecord): string {
    let line = `{"type":"end","at":${this.#time.text(record.at)}`;
    line += this.#identity(record);
    if (record.startAt !== undefined) line += this.#time.member(',"startAt":', record.startAt);
    if (record.status !== undefined) line += this.#names.member(',"status":', record.status);
    if (record.done !== undefined) line += number(',"done":', record.done);
    if (record.output !== undefined) line += text(',"output":', record.output);
    if (record.errorMessage !== undefined) line += text(',"errorMessage":', record.errorMessage);
    if (record.stack !== undefined) line += text(',"stack":', record.stack);
    return `${line}}`;
  }

  #identity(record: UnitIdentity & { readonly version: number }): string {
    let line = this.#unitIds.members(record);
    if (record.parentSpanId !== undefined) line += text(',"parentSpanId":', record.parentSpanId);
    if (record.unit !== undefined) line += this.#names.member(',"unit":', record.unit);
    if (record.taskName !== undefined) line += this.#names.member(',"taskName":', record.taskName);
    if (record.stepName !== undefined) line += this.#names.member(',"stepName":', record.stepName);
    if (record.order !== undefined) line += number(',"order":', record.order);
    if (record.attempt !== undefined) line += number(',"attempt":', record.attempt);
    if (record.input !== undefined) line += text(',"input":', record.input);
    if (record.total !== undefined) line += number(',"total":', record.total);
    if (record.expectation !== undefined) line += text(',"expectation":', record.expectation);
    if (record.version !== undefined) line += this.#time.member(',"version":', record.version);
    return line;
  }

  #request(record: RequestRecord): string {
    let line = `{"type":"request","at":${this.#time.text(record.at)}`;
    line += this.#eventIds.members(record);
    if (record.direction !== undefined) line += this.#names.member(',"direction":', record.direction);
    if (record.method !== undefined) line += this.#names.member(',"method":', record.method);
    if (record.endpoint !== undefined) line += text(',"endpoint":', record.endpoint);
    if (record.route !== undefined) line += this.#names.member(',"route":', record.route);
    if (record.requestHeader !== undefined) line += text(',"requestHeader":', record.requestHeader);
    if (record.requestBody !== undefined) line += text(',"requestBody":', record.requestBody);
    if (record.responseStatus !== undefined) line += number(',"responseStatus":', record.responseStatus);
    if (record.responseBody !== undefined) line += text(',"responseBody":', record.responseBody);
    if (record.durationMillis !== undefined) line += number(',"durationMillis":', record.durationMillis);
    if (record.ipAddress !== undefined) line += text(',"ipAddress":', record.ipAddress);
    return `${line}}`;
  }
}

/** A member with any text; nothing for what a caller without types may have put there. */
function text(key: string, value: string): string {
  return value === null ? '' : key + quoted(value);
}

/** A number that is not finite cannot stand in JSON; the member is left out. */
function number(key: string, value: number): string {
  return Number.isFinite(value) ? key + String(value) : '';
}

function json(key: string, value: object): string {
  return key + JSON.stringify(value);
}
