import type {
  EventRecord,
  JournalOwner,
  RequestRecord,
  UnitEndRecord,
  UnitStartRecord,
} from '../../src/projection/record.ts';

const base = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', sessionId: 'local-7' } as const;

/** 2025-11-22 03:22:00.123456 UTC */
export const sampleTime = 1_763_781_720_123_456;

export function createOwner(instanceId = 'instance-1'): JournalOwner {
  return { instanceId, service: 'importer', host: 'machine', pid: process.pid, startedAt: sampleTime };
}

/** An audit record; `seq` tells it from others. */
export function createEvent(seq: number, more: Partial<EventRecord> = {}): EventRecord {
  return {
    type: 'event',
    ...base,
    itemId: `files/${seq}.jpg`,
    at: sampleTime + seq,
    level: 'info',
    category: 'import',
    event: 'import.item.transition',
    message: `Item files/${seq}.jpg moved from pending to analyzing`,
    seq,
    version: sampleTime + seq,
    unit: 'item',
    fromState: 'pending',
    toState: 'analyzing',
    reason: 'first step',
    attempt: 1,
    ...more,
  };
}

export function createStart(order: number, more: Partial<UnitStartRecord> = {}): UnitStartRecord {
  return {
    type: 'start',
    ...base,
    at: sampleTime + order,
    unit: 'step',
    taskName: 'local-import',
    stepName: 'analyze',
    order,
    attempt: 1,
    version: sampleTime + order,
    ...more,
  };
}

export function createEnd(order: number, more: Partial<UnitEndRecord> = {}): UnitEndRecord {
  const { type: _, at, ...identity } = createStart(order);
  return { ...identity, type: 'end', at: at + 1_500, startAt: at, status: 'SUCCESS', version: at + 1_500, ...more };
}

export function createRequest(number: number, more: Partial<RequestRecord> = {}): RequestRecord {
  return {
    type: 'request',
    ...base,
    at: sampleTime + number,
    direction: 'inbound',
    method: 'GET',
    endpoint: `/files/${number}`,
    responseStatus: 200,
    durationMillis: 1.25,
    ...more,
  };
}
