import { existsSync } from 'node:fs';
import { SpanledgerError } from '../../domain/errors.ts';
import { clockOffsetMillis } from '../../shipping/clock-offset.ts';
import { remedyFor } from '../../shipping/connection-trouble.ts';
import type { SqlLedgerStore } from '../../shipping/ledger-store.ts';
import { findSchemaFaults } from '../../shipping/schema-drift.ts';
import { event } from '../../telemetry/conventions.ts';
import { openStore } from '../reading/open-store.ts';
import { createStoreReader } from '../reading/store-reader.ts';
import { duration, isoTime } from '../rendering/quantities.ts';
import type { Workplace } from '../workplace.ts';
import { examineBacklog } from './backlog.ts';
import { examineGrowth } from './growth.ts';
import { finding, type Observation, well } from './observation.ts';

/** The database: whether it answers, its schema, its clock, what waits for it, and faults that it has on record. */
export async function examineStore(workplace: Workplace): Promise<readonly Observation[]> {
  if (workplace.databaseUrl === undefined && !existsSync(workplace.directory)) return [];
  let store: SqlLedgerStore;
  try {
    store = await openStore(workplace);
  } catch (error) {
    if (!(error instanceof SpanledgerError)) throw error;
    const unreachable = { ...finding('database', error.message, error.action), unreachable: true } as const;
    return [unreachable, await examineBacklog({ directory: workplace.directory })];
  }
  try {
    const reachable = await examineServer(store);
    const schema = await examineSchema(store).catch((error: unknown) => toFinding('schema', store, error));
    if (schema.status === 'finding') return [reachable, schema];
    return [reachable, schema, ...(await examineContent(workplace, store))];
  } finally {
    await store.close();
  }
}

/** Each by itself: a table that was changed by hand does not keep the others from being examined. */
async function examineContent(workplace: Workplace, store: SqlLedgerStore): Promise<readonly Observation[]> {
  const examinations: readonly (readonly [string, () => Promise<readonly Observation[]>])[] = [
    ['clock', async () => (workplace.databaseUrl === undefined ? [] : [await examineClock(store)])],
    ['columns', () => examineDrift(store)],
    ['backlog', async () => [await examineStoreBacklog(workplace, store)]],
    ['ship rate', async () => [await describeRate(store)]],
    ['faults', async () => [await examineFaults(store)]],
    ['retention', () => examineChores(store, workplace)],
    ['growth', async () => [await examineGrowth(store, workplace.configuration.settings.retentionDays)]],
  ];
  const observations: Observation[] = [];
  for (const [subject, examine] of examinations) {
    observations.push(...(await examine().catch(async (error: unknown) => [await toFinding(subject, store, error)])));
  }
  return observations;
}

const usual = 'See what else is found about the schema, and that this user may read all of its tables.';

async function toFinding(subject: string, store: SqlLedgerStore, error: unknown): Promise<Observation> {
  const { message, code, action = usual } = await store.failure(error);
  return finding(subject, `it could not be asked for: ${message} (${code})`, action);
}

function examineStoreBacklog({ directory, databaseUrl }: Workplace, store: SqlLedgerStore): Promise<Observation> {
  return examineBacklog({
    directory,
    offsetOf: ({ instanceId }, { name }) => store.offset(instanceId, name),
    isPatient: databaseUrl === undefined,
  });
}

async function examineServer(store: SqlLedgerStore): Promise<Observation> {
  const [row] = await store.query<{ version: string; is_standby: boolean; read_only: string }>(
    `select current_setting('server_version') as version, pg_is_in_recovery() as is_standby,
      current_setting('default_transaction_read_only') as read_only`,
  );
  const message = `${store.description}, Postgres ${row?.version ?? 'of unknown version'}`;
  const takesWrites = row?.is_standby !== true && row?.read_only !== 'on';
  if (takesWrites) return well('database', message);
  const why = row?.is_standby === true ? 'it is a standby' : 'default_transaction_read_only is on';
  return finding('database', `${message}, takes no writes: ${why}`, remedyFor(readOnlyCode, ''));
}

const readOnlyCode = '25006';

async function examineSchema({ migrator }: SqlLedgerStore): Promise<Observation> {
  const current = await migrator.current();
  const { latest } = migrator;
  const figures = { current, latest };
  if (current === latest) return well('schema', `at migration ${current}`, figures);
  if (current > latest) {
    const message = `at migration ${current}, newer than ${latest}, the last one this version knows`;
    return finding('schema', message, 'Upgrade spanledger here; records stay in the journal until then.', figures);
  }
  return finding('schema', `at migration ${current} of ${latest}`, 'Run `spanledger migrate up`.', figures);
}

async function examineDrift(store: SqlLedgerStore): Promise<readonly Observation[]> {
  const faults = await findSchemaFaults(store);
  const untouched = (['columns', 'indexes', 'partitions'] as const).filter((one) =>
    faults.every(({ subject }) => subject !== one),
  );
  return [
    ...untouched.map((subject) => well(subject, 'as the migrations made them')),
    ...faults.map(({ subject, message, action }) => finding(subject, message, action)),
  ];
}

const maxSkewMillis = 5_000;

async function examineClock(store: SqlLedgerStore): Promise<Observation> {
  const skew = await clockOffsetMillis(store);
  const figures = { offset_seconds: skew / 1000 };
  if (Math.abs(skew) <= maxSkewMillis)
    return well('clock', `within ${duration(maxSkewMillis)} of the database`, figures);
  const direction = skew > 0 ? 'ahead of' : 'behind';
  const message = `the database is ${duration(Math.abs(skew))} ${direction} this machine`;
  const action = 'Synchronise both clocks (NTP); until then verdicts on silence are off by as much.';
  return finding('clock', message, action, figures);
}

/** What arrived of late: from all machines, since `shipments` is theirs together. Segments count with all that they hold. */
async function describeRate(store: SqlLedgerStore): Promise<Observation> {
  const [row] = await store.query<{ records: number; seconds: number | null; last: Date | null; processes: number }>(
    `select coalesce(sum(records), 0) as records, count(distinct instance_id) as processes, max(updated_at) as last,
        extract(epoch from max(updated_at) - min(began))::double precision as seconds
      from (
        select s.*, greatest(i.started_at, now() - interval '1 hour',
          (select max(b.updated_at) from shipments b where b.instance_id = s.instance_id and b.segment < s.segment)) as began
        from shipments s left join instances i on i.instance_id = s.instance_id
        where s.updated_at > now() - interval '1 hour'
      ) recent`,
  );
  if (row === undefined || row.last === null)
    return well('ship rate', 'nothing was shipped within an hour', { records: 0, per_second: null, last_at: null });
  const { records, processes, seconds, last } = row;
  const perSecond = seconds !== null && seconds >= 1 ? records / seconds : null;
  const rate = perSecond === null ? '' : `, ${perSecond.toFixed(1)} a second`;
  return well(
    'ship rate',
    `${records} records of ${processes} processes within an hour${rate}, the last at ${isoTime(last)}`,
    { records, per_second: perSecond, last_at: last },
  );
}

/** How retention went when it was last done as a chore. */
async function examineChores(store: SqlLedgerStore, { configuration }: Workplace): Promise<readonly Observation[]> {
  const [last] = await store.query<{ began_at: Date; error: string | null; report: unknown; is_late: boolean }>(
    `select began_at, error, report, began_at < now() - interval '2 days' as is_late from chores where name = 'retention'`,
  );
  if (last === undefined) return [];
  const at = isoTime(last.began_at);
  if (last.error === null && last.is_late && configuration.settings.retentionSchedule === 'daily') {
    const action = 'See that a process ships, or run `spanledger ship` or `spanledger retention` once a day.';
    return [finding('retention', `it was to be done every day, and was last begun at ${at}`, action)];
  }
  if (last.error === null)
    return [well('retention', `last begun at ${at}: ${JSON.stringify(last.report ?? 'not ended')}`)];
  const action = 'Remove the cause; it is tried again every hour. Its database user must own the tables.';
  return [finding('retention', `failed at ${at}: ${last.error}`, action)];
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
