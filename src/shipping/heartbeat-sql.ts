import type { ProcessState } from '../journal/process-state.ts';
import { qualified } from './identifier.ts';
import { toTimestamp } from './ship-transaction.ts';
import type { Heartbeat } from './store.ts';

/** One statement and how to fill it. */
export interface HeartbeatStatement {
  readonly sql: string;
  parameters(heartbeat: Heartbeat): readonly unknown[];
}

const vitals = [
  'ended_at',
  'exit_code',
  'exit_signal',
  'exit_evidence',
  'event_loop_lag_ms',
  'rss_bytes',
  'cpu_ratio',
  'journal_bytes',
] as const;

/** What is so now or is not: a heartbeat that knows the state of its process replaces all of it. */
const states = [
  'event_loop_delay_p99_ms',
  'blocked_since',
  'blocked_stack',
  'blocked_call',
  'blocked_in',
  'pending_call',
  'heap_used_bytes',
  'worker_threads',
] as const;

/** What it runs does not change while it runs. */
const versions = ['service_version', 'service_revision'] as const;

/**
 * Makes or refreshes an `instances` row. A heartbeat that comes late does not move it back; one that comes after the process was
 * taken for dead takes that back. What a process said of its own end stands against what its journal lets others infer; how
 * it ended is taken from whoever knows it first.
 */
export function heartbeatStatement(schema: string): HeartbeatStatement {
  const known = ['instance_id', 'service_name', 'host', 'pid', 'started_at', 'last_seen_at'];
  const columns = [...known, ...vitals, ...states, ...versions];
  const knowsState = `$${columns.length + 1}::boolean`;
  const kept = [
    ...vitals.slice(1).map((name) => `${name} = coalesce(excluded.${name}, t.${name})`),
    ...states.map((name) => `${name} = case when ${knowsState} then excluded.${name} else t.${name} end`),
    ...versions.map((name) => `${name} = coalesce(t.${name}, excluded.${name})`),
  ].join(', ');
  return {
    sql: `insert into ${qualified(schema, 'instances')} as t (${columns.join(', ')})
      values (${columns.map((_, index) => `$${index + 1}`).join(', ')})
      on conflict (instance_id) do update set last_seen_at = greatest(excluded.last_seen_at, t.last_seen_at), ${kept},
        ended_at = coalesce(excluded.ended_at, case when excluded.last_seen_at <= t.ended_at then t.ended_at end)
      where case when excluded.ended_at is null then excluded.last_seen_at >= t.last_seen_at
        else t.ended_at is null or excluded.last_seen_at > t.last_seen_at or (t.exit_code is null and t.exit_signal is null
          and (excluded.exit_code is not null or excluded.exit_signal is not null)) end`,
    parameters,
  };
}

function parameters(heartbeat: Heartbeat): readonly unknown[] {
  const { owner, endedAt } = heartbeat;
  return [
    owner.instanceId,
    owner.service,
    owner.host,
    owner.pid,
    toTimestamp(owner.startedAt),
    toTimestamp(heartbeat.seenAt),
    endedAt === undefined ? null : toTimestamp(endedAt),
    heartbeat.exitCode ?? null,
    heartbeat.exitSignal ?? null,
    heartbeat.exitEvidence ?? null,
    heartbeat.eventLoopLagMillis ?? null,
    heartbeat.rssBytes ?? null,
    heartbeat.cpuRatio ?? null,
    heartbeat.journalBytes ?? null,
    ...stateParameters(heartbeat.state),
    owner.version ?? null,
    owner.revision ?? null,
    heartbeat.state !== undefined,
  ];
}

/** In the order of `states`. */
function stateParameters(state: ProcessState = {}): readonly unknown[] {
  const { blockedSince } = state;
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
  return [
    state.eventLoopDelayP99Millis ?? null,
    blockedSince === undefined ? null : toTimestamp(blockedSince),
    json(state.blockedStack),
    json(state.blockedCall),
    json(state.blockedIn),
    json(state.pendingCall),
    state.heapUsedBytes ?? null,
    state.workerThreads ?? null,
  ];
}
