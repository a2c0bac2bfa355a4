import type { DeathEvidence } from '../../domain/cause-of-death.ts';
import { type JournalInfo, lastSignMicros } from '../../journal/journal-listing.ts';
import {
  type OpenPlace,
  type PendingCall,
  parseProcessState,
  type StackFrame,
  type SystemCall,
} from '../../journal/process-state.ts';

/** A process and what it does, as its last sign of life tells. `null` is not known, or not so. */
export type ProcessRow = {
  readonly instance_id: string;
  readonly service_name: string | null;
  /** Version of the program, and the commit it was taken from, where something says so. */
  readonly service_version: string | null;
  readonly service_revision: string | null;
  readonly host: string | null;
  readonly pid: number | null;
  readonly started_at: Date | null;
  readonly last_seen_at: Date | null;
  readonly ended_at: Date | null;
  /** Processor time per time, 1 for one core. */
  readonly cpu_ratio: number | null;
  readonly rss_bytes: number | null;
  readonly heap_used_bytes: number | null;
  readonly event_loop_lag_ms: number | null;
  readonly event_loop_delay_p99_ms: number | null;
  readonly blocked_since: Date | null;
  readonly blocked_stack: readonly StackFrame[] | null;
  /** What a main thread in native code waits for. */
  readonly blocked_call: SystemCall | null;
  readonly blocked_in: OpenPlace | null;
  readonly pending_call: PendingCall | null;
};

/** A process and how it ended, as far as that is known. */
export type ProcessEnd = ProcessRow & {
  readonly exit_code: number | null;
  readonly exit_signal: string | null;
  readonly exit_evidence: DeathEvidence | null;
};

/** Whether somebody saw its end, or it told of it; else it is known only when it was last seen, and its end lies after that. */
export function isEndSeen({ exit_code: code, exit_signal: signal, exit_evidence: evidence }: ProcessEnd): boolean {
  return code !== null || signal !== null || evidence?.by !== 'journal';
}

/** Version and commit of a program in one text, `1.4.0 (0a1b2c3d)`; `undefined` where neither is known. */
export function codeVersion({
  service_version: version,
  service_revision: revision,
}: CodeOfProcess): string | undefined {
  if (revision === null) return version ?? undefined;
  const commit = revision.slice(0, shownOfRevision);
  return version === null ? commit : `${version} (${commit})`;
}

type CodeOfProcess = Pick<ProcessRow, 'service_version' | 'service_revision'>;
const shownOfRevision = 10;

/** A process and its end as `to_jsonb` tells its row of `instances`. */
export function toProcessEnd(value: unknown): ProcessEnd | undefined {
  const process = toProcessRow(value);
  if (process === null) return undefined;
  const row = value as Readonly<Record<string, unknown>>;
  return {
    ...process,
    exit_code: numberOf(row.exit_code),
    exit_signal: textOf(row.exit_signal),
    exit_evidence: objectOf<DeathEvidence>(row.exit_evidence),
  };
}

/** A process and its end as its journal on disk tells of it. */
export function processEndOfJournal(journal: JournalInfo, now: Date): ProcessEnd {
  const { exit, heartbeat } = journal;
  const figures = heartbeat?.figures;
  return {
    ...processOfJournal(journal, now),
    ...(exit !== undefined && { ended_at: dateOfMicros(exit.at) }),
    exit_code: exit?.code ?? numberOf(figures?.exitCode),
    exit_signal: exit?.signal ?? textOf(figures?.exitSignal),
    exit_evidence: { by: exit === undefined ? 'journal' : 'parent' },
  };
}

/** A process as `to_jsonb` tells its row of `instances`, whatever columns that has. */
export function toProcessRow(value: unknown): ProcessRow | null {
  if (typeof value !== 'object' || value === null) return null;
  const row = value as Readonly<Record<string, unknown>>;
  return {
    instance_id: String(row.instance_id),
    service_name: textOf(row.service_name),
    service_version: textOf(row.service_version),
    service_revision: textOf(row.service_revision),
    host: textOf(row.host),
    pid: numberOf(row.pid),
    started_at: dateOf(row.started_at),
    last_seen_at: dateOf(row.last_seen_at),
    ended_at: dateOf(row.ended_at),
    cpu_ratio: numberOf(row.cpu_ratio),
    rss_bytes: numberOf(row.rss_bytes),
    heap_used_bytes: numberOf(row.heap_used_bytes),
    event_loop_lag_ms: numberOf(row.event_loop_lag_ms),
    event_loop_delay_p99_ms: numberOf(row.event_loop_delay_p99_ms),
    blocked_since: dateOf(row.blocked_since),
    blocked_stack: Array.isArray(row.blocked_stack) ? (row.blocked_stack as readonly StackFrame[]) : null,
    blocked_call: objectOf<SystemCall>(row.blocked_call),
    blocked_in: objectOf<OpenPlace>(row.blocked_in),
    pending_call: objectOf<PendingCall>(row.pending_call),
  };
}

/** A process as its journal on disk tells of it. */
function processOfJournal(journal: JournalInfo, now: Date): ProcessRow {
  const { instanceId, owner, isAlive, heartbeat } = journal;
  const figures = heartbeat?.figures;
  const state = parseProcessState(figures);
  const lastSign = lastSignMicros(journal);
  const seenAt = isAlive ? now : dateOfMicros(lastSign === 0 ? undefined : lastSign);
  return {
    instance_id: instanceId,
    service_name: owner?.service ?? null,
    service_version: owner?.version ?? null,
    service_revision: owner?.revision ?? null,
    host: owner?.host ?? null,
    pid: owner?.pid ?? null,
    started_at: dateOfMicros(owner?.startedAt),
    last_seen_at: seenAt,
    ended_at: isAlive ? null : seenAt,
    cpu_ratio: numberOf(figures?.cpuRatio),
    rss_bytes: numberOf(figures?.rssBytes),
    heap_used_bytes: numberOf(state?.heapUsedBytes),
    event_loop_lag_ms: numberOf(figures?.eventLoopLagMillis),
    event_loop_delay_p99_ms: numberOf(state?.eventLoopDelayP99Millis),
    blocked_since: dateOfMicros(state?.blockedSince),
    blocked_stack: state?.blockedStack ?? null,
    blocked_call: state?.blockedCall ?? null,
    blocked_in: state?.blockedIn ?? null,
    pending_call: state?.pendingCall ?? null,
  };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function dateOf(value: unknown): Date | null {
  if (value instanceof Date) return value;
  return typeof value === 'string' ? new Date(value) : null;
}

function dateOfMicros(micros: number | undefined): Date | null {
  return micros === undefined ? null : new Date(micros / 1000);
}

function objectOf<T extends object>(value: unknown): T | null {
  return typeof value === 'object' && value !== null ? (value as T) : null;
}
