import type { LedgerRecord } from '../projection/record.ts';

const types: ReadonlySet<unknown> = new Set(['start', 'end', 'event', 'request']);

/** The record in a JSON text, or why it is none. The checksum has vouched for the bytes; this asks only what they mean. */
export function decodeRecord(json: string): LedgerRecord | 'not-json' | 'not-a-record' {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return 'not-json';
  }
  return isRecord(value) ? value : 'not-a-record';
}

function isRecord(value: unknown): value is LedgerRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { type, at, traceId } = value as Partial<Record<'type' | 'at' | 'traceId', unknown>>;
  return types.has(type) && typeof at === 'number' && typeof traceId === 'string';
}
