import { existsSync } from 'node:fs';
import { SpanledgerError } from '../../domain/errors.ts';
import { listJournals, type SegmentInfo } from '../../journal/journal-listing.ts';
import { readSegment } from '../../journal/segment-reader.ts';
import type { SqlLedgerStore } from '../../shipping/ledger-store.ts';
import { event } from '../../telemetry/conventions.ts';
import { openStore } from '../reading/open-store.ts';
import { createStoreReader } from '../reading/store-reader.ts';
import { byteSize, duration, isoTime } from '../rendering/quantities.ts';
import type { Workplace } from '../workplace.ts';
import { finding, type Observation, well } from './observation.ts';

/** The database: whether it answers, its schema, its clock, what waits for it, and faults that it has on record. */
export async function examineStore(workplace: Workplace): Promise<readonly Observation[]> {
  if (workplace.databaseUrl === undefined && !existsSync(workplace.directory)) return [];
  let store: SqlLedgerStore;
  try {
    store = await openStore(workplace);
  } catch (error) {
    if (!(error instanceof SpanledgerError)) throw error;
    return [finding('database', error.message, error.action)];
  }
  try {
    const schema = await examineSchema(store);
    const reachable = well('database', store.description);
    if (schema.status === 'finding') return [reachable, schema];
    return [
      reachable,
      schema,
      ...(workplace.databaseUrl === undefined ? [] : [await examineClock(store)]),
      await examineBacklog(workplace, store),
      await examineFaults(store),
    ];
  } finally {
    await store.close();
  }
}

async function examineSchema({ migrator }: SqlLedgerStore): Promise<Observation> {
  const current = await migrator.current();
  const { latest } = migrator;
  if (current === latest) return well('schema', `at migration ${current}`);
  if (current > latest) {
    const message = `at migration ${current}, newer than ${latest}, the last one this version knows`;
    return finding('schema', message, 'Upgrade spanledger here; records stay in the journal until then.');
  }
  return finding('schema', `at migration ${current} of ${latest}`, 'Run `spanledger migrate up`.');
}

const maxSkewMillis = 5_000;

async function examineClock(store: SqlLedgerStore): Promise<Observation> {
  const before = Date.now();
  const [row] = await store.query<{ now: Date }>('select clock_timestamp() as now');
  const skew = (row?.now.getTime() ?? before) - (before + Date.now()) / 2;
  if (Math.abs(skew) <= maxSkewMillis) return well('clock', `within ${duration(maxSkewMillis)} of the database`);
  const direction = skew > 0 ? 'ahead of' : 'behind';
  const message = `the database is ${duration(Math.abs(skew))} ${direction} this machine`;
  return finding('clock', message, 'Synchronise both clocks (NTP); until then verdicts on silence are off by as much.');
}

const maxWaitMillis = 60_000;

/** What is in the journals and not in the database. Waiting is no fault of an embedded store: it is filled when asked. */
async function examineBacklog({ directory, databaseUrl }: Workplace, store: SqlLedgerStore): Promise<Observation> {
  let bytes = 0;
  let oldest = Number.POSITIVE_INFINITY;
  for (const { instanceId, segments } of await listJournals(directory)) {
    for (const segment of segments) {
      const from = await store.offset(instanceId, segment.name);
      bytes += Math.max(0, segment.bytes - from);
      oldest = Math.min(oldest, await firstRecordAt(segment, from));
    }
  }
  if (oldest === Number.POSITIVE_INFINITY) return well('backlog', 'everything is shipped');
  const moment = new Date(oldest / 1000);
  const message = `${byteSize(bytes)} wait to be shipped, the oldest record since ${isoTime(moment)}`;
  if (databaseUrl === undefined || Date.now() - moment.getTime() < maxWaitMillis) return well('backlog', message);
  return finding('backlog', message, 'Run `spanledger ship`, and find out why no process does so itself.');
}

const glanceBytes = 64 * 1024;

/** Time of the first record that is not shipped, in microseconds; infinite without one. */
async function firstRecordAt({ path, bytes }: SegmentInfo, from: number): Promise<number> {
  if (from >= bytes) return Number.POSITIVE_INFINITY;
  const reading = await readSegment(path, { from, maxBytes: glanceBytes });
  const times = reading.status === 'read' ? reading.entries.map(({ record }) => record.at) : [];
  return Math.min(Number.POSITIVE_INFINITY, ...times);
}

const faultDays = 7;

async function examineFaults(store: SqlLedgerStore): Promise<Observation> {
  const since = new Date(Date.now() - faultDays * 86_400_000);
  const reader = createStoreReader(store, store.schema);
  const faults = await reader.events({ events: [event.dropped, event.writeFailed], since }, 100);
  const [last] = faults.toReversed();
  if (last === undefined) return well('faults', `none of the ledger itself in ${faultDays} days`);
  const message = `${faults.length} in ${faultDays} days; the last one at ${isoTime(last.created_at)}: ${last.message}`;
  return finding('faults', message, 'Run `spanledger logs --event ledger.dropped --since 7d` and remove the cause.');
}
