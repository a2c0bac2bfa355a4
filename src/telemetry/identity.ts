import { hostname } from 'node:os';
import { INVALID_TRACEID, type SpanContext, TraceFlags } from '@opentelemetry/api';
import { SpanledgerError } from '../domain/errors.ts';

/**
 * Longest id in bytes of UTF-8. Session and item id together are the key of a table, and a Postgres btree entry holds
 * at most 2,704 bytes.
 */
export const maxIdBytes = 1_024;

/**
 * Returns the id, if it can be used.
 *
 * @throws SpanledgerError `SPANLEDGER_INVALID_ID` when it is no text, empty or too long.
 */
export function parseId(what: 'session' | 'item', id: unknown): string {
  if (typeof id !== 'string') throw invalidId(what, wordOf(id), `it is ${kindOf(id)}, not a string`);
  if (id.trim() === '') throw invalidId(what, JSON.stringify(id), 'it is empty');
  // A UTF-16 unit takes at most three bytes, so most ids need no count.
  if (id.length * 3 > maxIdBytes) {
    const bytes = Buffer.byteLength(id);
    if (bytes > maxIdBytes) throw invalidId(what, id, `it has ${bytes} bytes and ${maxIdBytes} are allowed`);
  }
  return id;
}

function wordOf(id: unknown): string {
  return typeof id === 'object' && id !== null ? '{…}' : String(id);
}

function kindOf(id: unknown): string {
  if (id === undefined || id === null) return 'missing';
  if (typeof id === 'number' || typeof id === 'bigint') return `a ${typeof id} (write String(id))`;
  return typeof id === 'object' ? 'an object' : `a ${typeof id}`;
}

function invalidId(what: string, id: string, why: string): SpanledgerError {
  return new SpanledgerError('INVALID_ID', { details: { what, id, why } });
}

/** An unsampled span context: of the parent's trace, or where there is no parent of a new one, which has this id if one is given. */
export function inventSpanContext(parent: SpanContext | undefined, rootTraceId = randomHex(4)): SpanContext {
  const traceId = parent !== undefined && parent.traceId !== INVALID_TRACEID ? parent.traceId : rootTraceId;
  return { traceId, spanId: randomHex(2), traceFlags: TraceFlags.NONE };
}

/** A correlation id in the form of a trace id, which may become one: 12 hex digits of milliseconds, 20 that are random. */
export function createCorrelationId(): string {
  const millis = Math.max(0, Date.now()).toString(16).padStart(12, '0').slice(-12);
  return millis + randomHex(3).slice(4);
}

/** Groups of eight hex digits, never all zero. Uniqueness is what counts, not secrecy, as with OpenTelemetry's own ids. */
function randomHex(groups: number): string {
  let hex = '';
  for (let group = 0; group < groups; group += 1) {
    hex += (1 + Math.floor(Math.random() * 0xffff_fffe)).toString(16).padStart(8, '0');
  }
  return hex;
}

const key = Symbol.for('spanledger.worker-name.v1');
const slot = globalThis as { [key]?: string | undefined };
const defaultWorkerName = `${hostname()}:${process.pid}`;

/** Who works here, as told in claims: the name set, else `host:pid`. */
export function workerName(): string {
  return slot[key] ?? defaultWorkerName;
}

/** Names the worker of this process, such as its instance id; `undefined` brings `host:pid` back. */
export function setWorkerName(name: string | undefined): void {
  slot[key] = name;
}
