import type { Expectation } from '../../domain/expectation.ts';
import type { Verdict } from '../../domain/verdict.ts';
import type { ProcessRow } from './process-row.ts';

/**
 * Rows as the command line reads them: columns as in the tables, `timestamptz` as `Date`, trace ids as 32 hex digits,
 * jsonb parsed. `null` is SQL's.
 */

export type SessionRow = {
  readonly id: string;
  readonly kind: string | null;
  readonly account_id: string | null;
  readonly state: string;
  readonly reason: string | null;
  readonly attempt: number;
  readonly total: number;
  readonly pending: number;
  readonly processing: number;
  readonly imported: number;
  readonly skipped: number;
  readonly failed: number;
  readonly missing: number;
  readonly service_name: string | null;
  readonly instance_id: string | null;
  /** Version of the program that worked on it last, where it says one. */
  readonly service_version: string | null;
  readonly service_revision: string | null;
  readonly trace_id: string | null;
  readonly started_at: Date | null;
  readonly last_progress_at: Date | null;
  readonly ended_at: Date | null;
};

/** An HTTP request that was served or made. Headers and bodies are there where they were asked for. */
export type RequestRow = {
  /** null for one that is read from a journal. */
  readonly id: number | null;
  readonly created_at: Date;
  readonly service_name: string | null;
  readonly direction: string;
  readonly method: string;
  readonly endpoint: string;
  readonly route: string | null;
  /** null where no status was sent, or none arrived. */
  readonly response_status: number | null;
  readonly reason: string | null;
  readonly duration_ms: number | null;
  readonly ip_address: string | null;
  readonly user_id: string | null;
  readonly session_id: string | null;
  readonly correlation_id: string | null;
  readonly request_id: string | null;
  readonly trace_id: string;
  readonly span_id: string | null;
  readonly request_header?: unknown;
  readonly request_body?: unknown;
  readonly response_body?: unknown;
};

/** What is counted of several requests. */
export type RequestFigures = {
  readonly count: number;
  /** Over the time that was asked for; null where it has no length. */
  readonly per_second: number | null;
  /** With a status of 500 and above, with none, or with a reason. */
  readonly failed: number;
  /** Their share, from 0 to 1. */
  readonly failed_ratio: number | null;
  /** Of the others, those with a status from 400 to 499. */
  readonly rejected: number;
  readonly median_ms: number | null;
  readonly p95_ms: number | null;
  readonly p99_ms: number | null;
  readonly max_ms: number | null;
  readonly total_ms: number;
};

/** Requests with the same way, method and route. */
export type RouteFigures = RequestFigures & {
  readonly direction: string;
  readonly method: string;
  readonly route: string;
  readonly last_at: Date;
};

/** Requests that began in the same time. */
export type TimeFigures = RequestFigures & { readonly from_at: Date };

export type EventRow = {
  /** null for a record that is read from a journal. */
  readonly id: number | null;
  readonly created_at: Date;
  readonly level: string;
  readonly category: string;
  readonly event: string;
  readonly message: string;
  readonly service_name: string | null;
  readonly session_id: string | null;
  readonly item_id: string | null;
  readonly correlation_id: string | null;
  readonly request_id: string | null;
  readonly task_id: string | null;
  readonly user_id: string | null;
  readonly trace_id: string;
  readonly span_id: string | null;
  readonly seq: number | null;
  readonly from_state: string | null;
  readonly to_state: string | null;
  readonly reason: string | null;
  readonly duration_ms: number | null;
  readonly details: unknown;
  readonly error_type: string | null;
  readonly error_message: string | null;
  readonly stack_trace: string | null;
  readonly recommended_actions: unknown;
};

export type UnitRow = {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id: string | null;
  readonly service_name: string | null;
  readonly session_id: string | null;
  readonly item_id: string | null;
  readonly unit: string;
  readonly task_name: string;
  readonly step_name: string;
  readonly status: string;
  readonly attempt: number | null;
  readonly done: number | null;
  readonly total: number | null;
  readonly last_event: string | null;
  readonly error_message: string | null;
  readonly created_at: Date;
  readonly updated_at: Date | null;
  readonly ended_at: Date | null;
  readonly duration_ms: number | null;
  readonly instance_id: string | null;
  readonly waiting_until: Date | null;
  readonly wait_reason: string | null;
  readonly expectation: Expectation | null;
};

/** How many items of a session are in a state. */
export type StateCount = { readonly state: string; readonly count: number };

/** Time that one kind of step took within a session. */
export type StepSummary = {
  readonly task_name: string;
  readonly step_name: string;
  readonly count: number;
  readonly failed: number;
  readonly mean_ms: number;
  readonly max_ms: number;
  readonly total_ms: number;
};

/** Items, steps or batches of one name. */
export type StepGroup = {
  readonly unit: string;
  /** Empty for items, which count together; numbers in names of batches are `#`. */
  readonly name: string;
  /** The step that it is part of, if it is part of one. */
  readonly inside: string | null;
  readonly in_item: boolean;
  readonly count: number;
  readonly open: number;
  readonly failed: number;
  readonly first_at: Date;
  /** Begin of the last one. */
  readonly last_at: Date;
  readonly ended_at: Date | null;
  readonly median_ms: number | null;
};

/** A unit that has begun and not ended, with the verdict on it. */
export type RunningRow = {
  readonly unit: string;
  readonly session_id: string | null;
  readonly item_id: string | null;
  readonly task_name: string;
  readonly step_name: string;
  readonly status: string;
  readonly attempt: number | null;
  readonly done: number | null;
  readonly total: number | null;
  readonly last_event: string | null;
  readonly service_name: string | null;
  readonly instance_id: string | null;
  readonly host: string | null;
  readonly pid: number | null;
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id: string | null;
  /** Kind of the session. */
  readonly kind: string | null;
  readonly started_at: Date;
  readonly last_progress_at: Date;
  readonly last_event_at: Date | null;
  readonly last_seen_at: Date | null;
  readonly instance_ended_at: Date | null;
  readonly running_seconds: number;
  readonly silent_seconds: number;
  /** Of a wait that is open. */
  readonly waiting_until: Date | null;
  readonly wait_reason: string | null;
  readonly stuck_after_seconds: number;
  /** `caller`, `history`, `expected`, `default`, or `inner`: as long as what is open inside it. */
  readonly stuck_after_source: string;
  readonly limit_seconds: number | null;
  readonly expected_seconds: number | null;
  /** `caller`, `volumes` or `history`. */
  readonly expected_source: string | null;
  readonly expectation: Expectation | null;
  readonly history_runs: number | null;
  readonly history_median_seconds: number | null;
  readonly history_p95_seconds: number | null;
  readonly process: ProcessRow | null;
  readonly judged_at: Date;
  readonly verdict: Verdict;
};

/** Error records of a session that share diagnosis and advice. */
export type ErrorGroup = {
  /** Category of the diagnosis, or `unknown`. */
  readonly category: string;
  readonly actions: unknown;
  readonly count: number;
};
