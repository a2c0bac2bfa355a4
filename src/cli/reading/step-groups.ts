import type { LedgerStore } from '../../shipping/store.ts';
import type { Conditions } from './conditions.ts';
import type { StepGroup } from './rows.ts';

/** Items, steps and batches by name, from a database. Conditions are on `p`, the row of the unit. */
export function readSteps(store: LedgerStore, prefix: string, where: Conditions): Promise<readonly StepGroup[]> {
  where.when(true, "p.unit in ('item', 'step', 'task', 'batch')");
  const sql = `
    select p.unit, ${nameOf('p')} as name, case when o.unit in ('step', 'task', 'batch') then ${nameOf('o')} end as inside,
      (p.item_id is not null and p.unit <> 'item') as in_item, count(*)::integer as count,
      (count(*) filter (where p.ended_at is null))::integer as open,
      (count(*) filter (where p.status = 'FAILED'))::integer as failed,
      min(p.created_at) as first_at, max(p.created_at) as last_at, max(p.ended_at) as ended_at,
      percentile_cont(0.5) within group (order by p.duration_ms) as median_ms
    from ${prefix}.task_progress p
    left join ${prefix}.task_progress o on o.trace_id = p.trace_id and o.span_id = p.parent_span_id
    ${where.toSql()}
    group by 1, 2, 3, 4
    order by first_at, name`;
  return store.query<StepGroup>(sql, where.parameters);
}

function nameOf(row: string): string {
  return `case ${row}.unit when 'item' then '' when 'batch' then regexp_replace(${row}.step_name, '\\d+', '#', 'g')
        else ${row}.step_name end`;
}
