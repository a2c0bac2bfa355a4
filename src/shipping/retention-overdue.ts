import type { SqlLedgerStore } from './ledger-store.ts';
import { cutoffOf } from './retention-plan.ts';
import { isGone, isOver, nameOf, type RetentionScope, scopeValues, typed } from './retention-rules.ts';

/** What retention would find of that which grows in number for ever; counted up to {@link mostCounted}. */
export interface Overdue {
  /** Sessions that are over for good and have items. */
  readonly sessions: number;
  /** Failed sessions that have items, which the next run of them would ask for. */
  readonly failed: number;
  /** Processes that are gone, but for those of sessions. */
  readonly processes: number;
}

/** A look that takes no longer than a question may take is enough. */
export const mostCounted = 10_000;

/** Counts what is older than a number of days, without a look at each record that may keep it. */
export async function countOverdue(store: SqlLedgerStore, days: number): Promise<Overdue> {
  const cutoff = await cutoffOf(store, days);
  const scope: RetentionScope = { store, cutoff, keepSessions: [], keptProcesses: [], isForeseen: true };
  const name = (table: string) => nameOf(scope, table);
  const count = (rows: string) => `(select count(*) from (${rows} limit ${mostCounted}) counted)`;
  const holding = (which: string) => `select from ${name('import_sessions')} s where ${typed} and ${which}
    and exists (select from ${name('import_items')} i where i.session_id = s.id)`;
  const processes = `select from ${name('instances')} r where ${typed} and ${isGone}
    and not exists (select from ${name('import_sessions')} s where s.instance_id = r.instance_id)`;
  const [row] = await store.query<{ sessions: number; failed: number; processes: number }>(
    `select ${count(holding(isOver(scope)))} as sessions, ${count(holding(`s.state = 'failed' and s.ended_at < $1`))} as failed,
      ${count(processes)} as processes`,
    scopeValues(scope),
  );
  return row ?? { sessions: 0, failed: 0, processes: 0 };
}
