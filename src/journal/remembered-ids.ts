import type { RecordIds } from '../projection/record.ts';
import { quoted } from './json-text.ts';

/** Ids as they stood in a record, and in front of and behind the span id as they stand in a line. */
interface KnownIds extends Omit<RecordIds, 'spanId'> {
  readonly head: string;
  readonly tail: string;
}

const mostRemembered = 512;

/** The ids of records as members of a line. Those of the last items are remembered, since each has many records. */
export class RememberedIds {
  readonly #known = new Map<unknown, KnownIds>();
  #last: KnownIds = { traceId: '', head: '', tail: '' };

  members(record: RecordIds): string {
    const known = isOf(this.#last, record) ? this.#last : this.#find(record);
    const { spanId } = record;
    return spanId === undefined ? known.head + known.tail : known.head + member('spanId', spanId) + known.tail;
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
  const head = member('traceId', traceId);
  let tail = member('sessionId', sessionId) + member('itemId', itemId) + member('correlationId', correlationId);
  tail += member('requestId', requestId) + member('taskId', taskId) + member('userId', userId);
  tail += member('service', service);
  return { traceId, sessionId, itemId, correlationId, requestId, taskId, userId, service, head, tail } as KnownIds;
}

/** Nothing for what is missing, and for the null that a caller without types may have put there. */
function member(name: string, value: string | undefined): string {
  return value === undefined || value === null ? '' : `,"${name}":${quoted(value)}`;
}
