import type { LedgerStore } from '../../shipping/store.ts';
import { event } from '../../telemetry/conventions.ts';
import { text, type Values } from './cells.ts';
import type { RequestRow } from './rows.ts';

/** What was recorded in the trace of a request while it was served. */
export interface RequestLogs {
  /** Log lines. */
  readonly logs: number;
  /** Records that tell of an error, log lines or not. */
  readonly errors: number;
  /** What the first of them says. */
  readonly first_error: string | null;
}

/** What is logged of a request after its answer, such as a line about it, belongs to it for so long. */
const afterMillis = 1_000;

const isError = `level in ('error', 'critical')`;

/** What was recorded during each of these requests, in their order: a look into the index of traces for each of them. */
export async function readRequestLogs(
  store: LedgerStore,
  prefix: string,
  requests: readonly RequestRow[],
): Promise<readonly RequestLogs[]> {
  const spans = requests.map(spanOf);
  const sql = `
    select l.logs, l.errors, l.first_error
      from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) with ordinality r (trace_id, from_at, to_at, no)
      left join lateral (
        select (count(*) filter (where event = $4))::integer as logs, (count(*) filter (where ${isError}))::integer as errors,
               (array_agg(coalesce(error_message, message) order by created_at, id) filter (where ${isError}))[1] as first_error
          from ${prefix}.audit_log
         where trace_id = r.trace_id and created_at between r.from_at and r.to_at
      ) l on true
     order by r.no`;
  const dates = (millis: readonly number[]) => millis.map((at) => new Date(at).toISOString());
  return store.query<RequestLogs & Record<string, unknown>>(sql, [
    requests.map(({ trace_id }) => trace_id),
    dates(spans.map(({ from }) => from)),
    dates(spans.map(({ to }) => to)),
    event.log,
  ]);
}

/** The same from rows that are not in a database. */
export async function requestLogs(
  rows: AsyncIterable<Values>,
  requests: readonly RequestRow[],
): Promise<readonly RequestLogs[]> {
  const tallies = requests.map((request) => ({ ...spanOf(request), logs: 0, errors: 0, error: firstOf() }));
  const byTrace = new Map<string, (typeof tallies)[number][]>();
  for (const [index, { trace_id }] of requests.entries()) {
    const tally = tallies[index];
    if (tally !== undefined) byTrace.set(trace_id, [...(byTrace.get(trace_id) ?? []), tally]);
  }
  for await (const values of rows) {
    const at = Math.floor(Number(values.created_at) / 1000);
    for (const tally of byTrace.get(text(values.trace_id) ?? '') ?? []) {
      if (at < tally.from || at > tally.to) continue;
      if (values.event === event.log) tally.logs += 1;
      if (values.level !== 'error' && values.level !== 'critical') continue;
      tally.errors += 1;
      tally.error.offer(Number(values.created_at), text(values.error_message) ?? text(values.message));
    }
  }
  return tallies.map(({ logs, errors, error }) => ({ logs, errors, first_error: error.text() }));
}

function spanOf({ created_at: at, duration_ms: millis }: RequestRow): { readonly from: number; readonly to: number } {
  return { from: at.getTime(), to: at.getTime() + Math.ceil(millis ?? 0) + afterMillis };
}

/** The text that is offered with the earliest time. */
function firstOf() {
  let earliest = Number.POSITIVE_INFINITY;
  let first: string | null = null;
  return {
    offer(at: number, offered: string | null): void {
      if (at >= earliest) return;
      earliest = at;
      first = offered;
    },
    text: () => first,
  };
}
