import type { LedgerRecord } from '../../src/projection/record.ts';
import { event } from '../../src/telemetry/conventions.ts';

/**
 * Two names for a record. Its identity is made of ids that no two records share; its acknowledgement is what an app wrote down when
 * the call had returned, and knows nothing of ids. Each is told of a record and, in SQL, of a row, in the same words.
 */
export function identityOf(record: LedgerRecord): string {
  const unit = `${record.traceId} ${record.spanId ?? ''}`;
  switch (record.type) {
    case 'event':
      return `event ${unit} ${record.seq ?? `at ${record.at}`} ${record.event} ${record.message}`;
    case 'request':
      return `request ${unit} ${record.endpoint}`;
    case 'start':
      return `start ${unit}`;
    case 'end':
      return `end ${unit}`;
    default:
      return record satisfies never;
  }
}

/**
 * Rows that no process has told: the ledger closes the work of processes that are gone, and says so. What a process tells of its own
 * moves has a number.
 */
export const isOfLedger = `seq is null and event in ('${event.itemInterrupted}', '${event.sessionInterrupted}',
  '${event.stepInterrupted}', '${event.stepReopened}', '${event.itemTransition}', '${event.sessionTransition}')`;

/** Whether the end of a unit, a row \`p\` of task_progress, was told by its process. */
export const hasOwnEnd = `p.ended_at is not null and not exists (select from spanledger.lost_units u
  where u.trace_id = p.trace_id and u.span_id = p.span_id and u.version = p.version)`;

const unit = `replace(trace_id::text, '-', '') || ' ' || coalesce(span_id, '')`;

/** What has no number, such as two stalls of one session that lasted equally long, is told apart by its time, in microseconds. */
const time = `'at ' || (extract(epoch from created_at) * 1000000)::bigint`;

/** A row of `task_progress` that has ended was made of two records. */
export const identitiesOfRows = `
  select 'event ' || ${unit} || ' ' || coalesce(seq::text, ${time}) || ' ' || event || ' ' || message as key from spanledger.audit_log where not (${isOfLedger})
  union all select 'request ' || ${unit} || ' ' || endpoint from spanledger.api_logs
  union all select 'start ' || ${unit} from spanledger.task_progress
  union all select 'end ' || ${unit} from spanledger.task_progress p where ${hasOwnEnd}`;

export function acknowledgementOf(record: LedgerRecord): string | undefined {
  if (record.type === 'request') return `request ${record.endpoint}`;
  const place = `${record.sessionId} ${record.itemId}`;
  if (record.type === 'start' || record.type === 'end')
    return record.unit === 'step' ? `${record.type} ${place} ${record.stepName}` : undefined;
  switch (record.event) {
    case 'load.audit':
      return `audit ${record.message}`;
    case 'log':
      return `log ${record.message}`;
    case 'import.item.claim':
      return `claim ${place}`;
    case 'import.item.transition':
      return `to ${place} ${record.toState}`;
    default:
      return undefined;
  }
}

const place = `session_id || ' ' || item_id`;

export const acknowledgementsOfRows = `
  select case event when 'load.audit' then 'audit ' || message when 'log' then 'log ' || message
    when 'import.item.claim' then 'claim ' || ${place} else 'to ' || ${place} || ' ' || to_state end as key
  from spanledger.audit_log where event in ('load.audit', 'log', 'import.item.claim', 'import.item.transition') and not (${isOfLedger})
  union all select 'request ' || endpoint from spanledger.api_logs
  union all select 'start ' || ${place} || ' ' || step_name from spanledger.task_progress where unit = 'step'
  union all select 'end ' || ${place} || ' ' || step_name from spanledger.task_progress p
    where unit = 'step' and ${hasOwnEnd}`;
