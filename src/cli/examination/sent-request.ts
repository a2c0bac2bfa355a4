import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { listJournals } from '../../journal/journal-listing.ts';
import { readSegment } from '../../journal/segment-reader.ts';
import type { LedgerRecord } from '../../projection/record.ts';
import type { StartReport } from '../../register/start-report.ts';
import { finding, type Observation, well } from './observation.ts';

/** A request that was sent to a program, with ids of ours, and what came back. */
export interface SentRequest {
  readonly path: string;
  /** When it was sent, in microseconds since the epoch. */
  readonly at: number;
  readonly traceId: string;
  readonly correlationId: string;
  readonly status?: number;
  /** The correlation header of the answer. */
  readonly returned?: string | undefined;
  readonly error?: string;
}

const answerMillis = 10_000;

/** Sends a GET request to a program that listens, as a caller with a trace and a correlation id does. Never rejects. */
export async function sendRequest(path: string, { ports, propagation }: StartReport): Promise<SentRequest> {
  const traceId = randomBytes(16).toString('hex');
  const correlationId = `doctor-${traceId.slice(0, 12)}`;
  const header = propagation.correlationHeader;
  const headers = {
    traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01`,
    ...(header.toLowerCase() !== 'none' && { [header]: correlationId }),
  };
  const sent = { path, at: Date.now() * 1000, traceId, correlationId };
  const [port] = ports;
  if (port === undefined) return { ...sent, error: 'it listens on no port' };
  try {
    const signal = AbortSignal.timeout(answerMillis);
    const response = await fetch(new URL(path, `http://127.0.0.1:${port}`), { headers, signal, redirect: 'manual' });
    await response.arrayBuffer();
    return { ...sent, status: response.status, returned: response.headers.get(header) ?? undefined };
  } catch (error) {
    const { cause, message } = error as Error;
    return { ...sent, error: cause instanceof Error ? cause.message : message };
  }
}

const rowMillis = 1_000;
const lookMillis = 50;

/** Waits until the request is on record, for a second: a client may have its answer before the service is done with the request. */
export async function untilRecorded({ traceId, error }: SentRequest, report: StartReport): Promise<void> {
  const deadline = performance.now() + rowMillis;
  while (error === undefined && performance.now() < deadline) {
    const records = await recordsOf(report);
    if (records.some((record) => record.type === 'request' && record.traceId === traceId)) return;
    await sleep(lookMillis);
  }
}

/**
 * Why a request is not traced, in the order in which it gets lost: does the header arrive, is the request recorded, and in the trace of its
 * caller, do log lines within it have its context?
 */
export async function examineRequest(sent: SentRequest, report: StartReport): Promise<readonly Observation[]> {
  const { path, status, error } = sent;
  if (error !== undefined) {
    const action = 'Name a path that the program answers over HTTP, and see what it wrote above.';
    return [finding('request', `GET ${path}: ${error}`, action)];
  }
  const records = await recordsOf(report);
  const request = records.find((record) => record.type === 'request' && record.traceId === sent.traceId);
  const stray = records.find((record) => record.type === 'request' && record.endpoint === path.replace(/[?#].*$/, ''));
  return [
    well('request', `GET ${path} was answered with ${status}`),
    ...header(sent, report),
    request === undefined
      ? untraced(stray !== undefined, report)
      : well('request row', `is in the trace of its caller, ${sent.traceId}`),
    ...lines(records, sent),
  ];
}

function header({ correlationId, returned }: SentRequest, report: StartReport): readonly Observation[] {
  const { correlationHeader: name } = report.propagation;
  if (name.toLowerCase() === 'none') return [];
  if (returned === correlationId) return [well('header', `${name} arrives and is returned`)];
  const action =
    report.sdk === 'joined'
      ? 'The program has an SDK of its own, which was there first: add the propagator of spanledger to it, or let it start later.'
      : 'See whether something before the service drops the header, and whether node:http is patched.';
  return [
    finding('header', `${name} was ${returned === undefined ? 'not returned' : `returned as ${returned}`}`, action),
  ];
}

function untraced(hasRow: boolean, { sdk, esmHook }: StartReport): Observation {
  if (hasRow) {
    const action = 'traceparent does not arrive: see OTEL_PROPAGATORS, and what drops the header on the way.';
    return finding('request row', 'there is one, in another trace than that of its caller', action);
  }
  const why =
    esmHook === 'off' && sdk === 'own'
      ? 'SPANLEDGER_INSTRUMENT is off'
      : sdk === 'joined'
        ? 'the SDK of the program makes the spans of requests: it needs an instrumentation of HTTP'
        : 'node:http was loaded before spanledger/register, SPANLEDGER_REQUESTS is none, or a worker or a child process answers';
  return finding('request row', 'there is none', `${why}. See the modules above.`);
}

/** Lines that were written while the request was served, and in its trace or not. */
function lines(records: readonly LedgerRecord[], { at, traceId }: SentRequest): readonly Observation[] {
  const logged = records.filter((record) => record.at >= at && 'event' in record && record.event === 'log');
  const inside = logged.filter((record) => 'traceId' in record && record.traceId === traceId).length;
  if (logged.length === 0) return [well('request lines', 'none was logged meanwhile')];
  const message = `${inside} of ${logged.length} lines that were logged from then on are in its trace`;
  if (inside > 0) return [well('request lines', message)];
  const action =
    'The context is lost on the way to the logger: a callback of a native pool or of a queue of one’s own. Bind it with AsyncResource.bind, or with withCarriedContext.';
  return [finding('request lines', message, action)];
}

async function recordsOf({ ledger, pid }: StartReport): Promise<readonly LedgerRecord[]> {
  const records: LedgerRecord[] = [];
  const journals = await listJournals(ledger.journal);
  for (const { segments } of journals.filter(({ owner }) => owner?.pid === pid)) {
    for (const { path, bytes } of segments) {
      const reading = await readSegment(path, { maxBytes: bytes + 1 });
      if (reading.status === 'read') records.push(...reading.entries.map(({ record }) => record));
    }
  }
  return records;
}
