import { qualified } from './identifier.ts';
import type { SqlLedgerStore } from './ledger-store.ts';
import { applyRetention, type RetentionOptions, type RetentionReport } from './retention.ts';

export interface ChoreOptions extends Omit<RetentionOptions, 'dryRun'> {
  /** Who does it. */
  readonly instanceId: string;
}

const name = 'retention';

/**
 * Applies retention unless some process has done so within a day, and leaves in `chores` how it ended: of any number of processes
 * that ask, one does it. What failed is due again after an hour, and so is what nobody brought to an end.
 *
 * @throws what {@link applyRetention} throws, once it is on record
 */
export async function retainOnceADay(
  store: SqlLedgerStore,
  { instanceId, ...options }: ChoreOptions,
): Promise<RetentionReport | undefined> {
  if (!(await claim(store, instanceId))) return undefined;
  try {
    const report = await applyRetention(store, options);
    await conclude(store, instanceId, { report });
    return report;
  } catch (error) {
    const { message } = await store.failure(error);
    // The error itself says more than that it could not be written down.
    await conclude(store, instanceId, { error: message }).catch(() => undefined);
    throw error;
  }
}

/** Whoever does not get the lock leaves it to the one who has it. */
function claim(store: SqlLedgerStore, instanceId: string): Promise<boolean> {
  return store.database.transaction(async (connection) => {
    const [turn] = await connection.query<{ taken: boolean }>(
      'select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as taken',
      [`spanledger chores of ${store.schema}`],
    );
    if (turn?.taken !== true) return false;
    const claimed = await connection.query(
      `insert into ${qualified(store.schema, 'chores')} as c (name, began_at, instance_id) values ($1, now(), $2)
        on conflict (name) do update set began_at = now(), ended_at = null, instance_id = excluded.instance_id, error = null
        where c.began_at <= now() - interval '1 day'
          or ((c.ended_at is null or c.error is not null) and c.began_at <= now() - interval '1 hour')
        returning name`,
      [name, instanceId],
    );
    return claimed.length === 1;
  });
}

interface Outcome {
  readonly report?: RetentionReport;
  readonly error?: string;
}

async function conclude(store: SqlLedgerStore, instanceId: string, { report, error }: Outcome): Promise<void> {
  const counts = report && Object.fromEntries(report.tables.map(({ table, rows }) => [table, rows]));
  await store.database.transaction((connection) =>
    connection.query(
      `update ${qualified(store.schema, 'chores')} set ended_at = now(), error = $3, report = coalesce($4::jsonb, report)
        where name = $1 and instance_id = $2`,
      [name, instanceId, error ?? null, counts === undefined ? null : JSON.stringify(counts)],
    ),
  );
}
