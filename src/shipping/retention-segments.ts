import { goes, nameOf, type RetentionScope, scopeValues } from './retention-rules.ts';
import { laneSql, numberSql } from './ship-statements.ts';
import type { SqlConnection } from './sql-connection.ts';

/**
 * Offsets of segments never just go: a journal of which nothing is known would be stored once more when it comes back, from a disk that
 * was away or out of a backup. But a lane is shipped in its order, so where a later segment has an offset an earlier one is stored whole.
 * Of rows whose numbers follow each other the last one stays, with its own offset, and says from where on it stands for all of them.
 */
export async function countOldSegments(scope: RetentionScope): Promise<number> {
  const [row] = await scope.store.database.transaction(
    (connection) =>
      connection.query<{ n: number }>(
        `with old as (select r.* from ${nameOf(scope, 'shipments')} r where ${goes(scope, 'shipments')}), ${runsOf('old')}
          select coalesce(sum(segments - 1), 0)::bigint as n from runs`,
        scopeValues(scope),
      ),
    'read only',
  );
  return row?.n ?? 0;
}

/** How rows are folded. */
export interface FoldOrder {
  /** Rows in one transaction. */
  readonly batchRows: number;
  /** Runs a transaction of its own. */
  inTurn<T>(work: (connection: SqlConnection) => Promise<T>): Promise<T>;
  onBatch(rows: number): void;
}

/** Folds the old rows of each lane; answers how many went. */
export async function foldOldSegments(
  scope: RetentionScope,
  { batchRows, inTurn, onBatch }: FoldOrder,
): Promise<number> {
  let removed = 0;
  for (let last: readonly string[] = ['', '']; ; ) {
    const fold = await inTurn(async (connection) => {
      // What stays of a batch is taken into the next one, with which it may go on.
      const [row] = await connection.query<Fold>(foldSql(scope, Math.max(2, batchRows)), [
        ...scopeValues(scope),
        ...last,
      ]);
      return row;
    });
    if (fold === undefined) return removed;
    removed += fold.rows;
    if (fold.rows > 0) onBatch(fold.rows);
    if (fold.last.every((key, index) => key === last[index])) return removed;
    last = fold.last;
  }
}

/** What one batch did. */
type Fold = {
  /** Rows that went. */
  readonly rows: number;
  /** Key of the last row looked at. */
  readonly last: readonly string[];
};

function foldSql(scope: RetentionScope, batchRows: number): string {
  const shipments = nameOf(scope, 'shipments');
  return `with old as materialized (
      select r.* from ${shipments} r where ${goes(scope, 'shipments')} and (r.instance_id, r.segment) >= ($5, $6)
      order by r.instance_id, r.segment limit ${batchRows} for update
    ), ${runsOf('old')}, kept as (
      update ${shipments} t set first_segment = u.first_segment, records = u.records, dead_letters = u.dead_letters
      from runs u where u.segments > 1 and t.instance_id = u.instance_id and t.segment = u.last_segment
    ), gone as (
      delete from ${shipments} t using numbered n join runs u using (instance_id, lane, run)
      where t.instance_id = n.instance_id and t.segment = n.segment and n.segment <> u.last_segment returning 1
    )
    select (select count(*) from gone) as rows, array[instance_id, segment] as last
      from old order by instance_id desc, segment desc limit 1`;
}

/** `runs` of rows whose numbers follow each other without a gap: a segment without an offset is one that nobody has read. */
function runsOf(rows: string): string {
  return `placed as (
      select instance_id, segment, coalesce(first_segment, segment) as first_segment, records, dead_letters,
        ${laneSql('segment')} as lane, ${numberSql('coalesce(first_segment, segment)')} as first_no, ${numberSql('segment')} as last_no
      from ${rows}
    ), stepped as (
      select *, first_no is distinct from 1 + lag(last_no) over (partition by instance_id, lane order by last_no) as begins
      from placed
    ), numbered as (
      select *, count(*) filter (where begins) over (partition by instance_id, lane order by last_no) as run from stepped
    ), runs as (
      select instance_id, lane, run, count(*) as segments, sum(records)::bigint as records, sum(dead_letters)::bigint as dead_letters,
        (array_agg(first_segment order by last_no))[1] as first_segment,
        (array_agg(segment order by last_no desc))[1] as last_segment
      from numbered group by instance_id, lane, run
    )`;
}
