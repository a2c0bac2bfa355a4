import type { RecordIds } from '../projection/record.ts';
import { textMember } from './json-text.ts';

/** Ids as they stood in a record, and in front of and behind the span id as they stand in a line. */
interface KnownIds extends Omit<RecordIds, 'spanId'> {
  readonly head: string;
  readonly tail: string;
}

const mostRemembered = 512;

/** The ids of records as members of a line. Those of the last items are remembered, since each has many records. */
export class RememberedIds {
  readonly #known = new Map<unknown, KnownIds>();
  readonly #span = new LastText(',"spanId":');
  #last: KnownIds = { traceId: '', head: '', tail: '' };

  members(record: RecordIds): string {
    const known = isOf(this.#last, record) ? this.#last : this.#find(record);
    if (record.spanId === undefined) return known.head + known.tail;
    return known.head + this.#span.member(record.spanId) + known.tail;
  }

  #find(record: RecordIds): KnownIds {
    const key = record.itemId ?? record.sessionId ?? record.traceId;
    let known = this.#known.get(key);
    if (known === undefined || !isOf(known, record)) {
      known = learnt(record);
      if (this.#known.size >= mostRemembered) this.#known.clear();
      this.#known.set(key, known);
    }
    this.#last = known;
    return known;
  }
}

function isOf(known: KnownIds, record: RecordIds): boolean {
  return (
    known.traceId === record.traceId &&
    known.itemId === record.itemId &&
    known.sessionId === record.sessionId &&
    known.correlationId === record.correlationId &&
    known.requestId === record.requestId &&
    known.taskId === record.taskId &&
    known.userId === record.userId &&
    known.service === record.service
  );
}

function learnt(record: RecordIds): KnownIds {
  const { traceId, sessionId, itemId, correlationId, requestId, taskId, userId, service } = record;
  const head = textMember(',"traceId":', traceId);
  let tail =
    textMember(',"sessionId":', sessionId) +
    textMember(',"itemId":', itemId) +
    textMember(',"correlationId":', correlationId);
  tail += textMember(',"requestId":', requestId) + textMember(',"taskId":', taskId) + textMember(',"userId":', userId);
  tail += textMember(',"service":', service);
  return { traceId, sessionId, itemId, correlationId, requestId, taskId, userId, service, head, tail } as KnownIds;
}

/** A member that often has the value it had before. */
export class LastText {
  readonly #key: string;
  #value: string | undefined;
  #member = '';

  constructor(key: string) {
    this.#key = key;
  }

  member(value: string): string {
    if (value !== this.#value) {
      this.#member = textMember(this.#key, value);
      this.#value = value;
    }
    return this.#member;
  }
}
