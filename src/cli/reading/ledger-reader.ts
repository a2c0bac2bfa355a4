import type { DatabaseWaits } from './database-waits.ts';
import type { ProcessEnd, ProcessRow } from './process-row.ts';
import type { TimePage } from './request-figures.ts';
import type { RequestFilter } from './request-filter.ts';
import type { RequestLogs } from './request-logs.ts';
import type { RequestPage } from './requests.ts';
import type {
  ErrorGroup,
  EventRow,
  RequestRow,
  RouteFigures,
  RunningRow,
  SessionRow,
  StateCount,
  StepGroup,
  StepSummary,
  TimeFigures,
  UnitRow,
} from './rows.ts';
import type { Statistics, StatisticsScope } from './statistics.ts';

/** What a session must match. Missing fields match everything. */
export interface SessionFilter {
  readonly id?: string | undefined;
  /** Any of them; an empty list matches every state. */
  readonly states?: readonly string[];
  readonly kind?: string | undefined;
  readonly accountId?: string | undefined;
  /** Started then or later. */
  readonly since?: Date | undefined;
  /** Open sessions, and those that ended then or later. */
  readonly openOrEndedSince?: Date | undefined;
  readonly last: number;
}

/** What a record of the audit log must match. Missing fields match everything; ids match exactly. */
export interface EventFilter {
  readonly sessionId?: string | undefined;
  readonly itemId?: string | undefined;
  /** 32 hex digits. */
  readonly traceId?: string | undefined;
  readonly correlationId?: string | undefined;
  /** The id that a queue gave the run. */
  readonly taskId?: string | undefined;
  /** The same, or the context field `job_id`, which no index has. */
  readonly jobId?: string | undefined;
  readonly levels?: readonly string[] | undefined;
  readonly events?: readonly string[] | undefined;
  readonly category?: string | undefined;
  readonly since?: Date | undefined;
}

export interface UnitFilter {
  readonly sessionId?: string | undefined;
  readonly units?: readonly string[];
  readonly itemId?: string | undefined;
  /** 32 hex digits. */
  readonly traceId?: string | undefined;
  readonly instanceId?: string | undefined;
  /** Began then or later. */
  readonly since?: Date | undefined;
}

/** What an open unit must match. Missing fields match everything. */
export interface RunningFilter {
  readonly sessionId?: string | undefined;
  readonly units?: readonly string[];
  readonly service?: string | undefined;
  /** Task, which for items and steps of a session is its kind. */
  readonly task?: string | undefined;
  /** Verdicts; an empty list matches every one. */
  readonly verdicts?: readonly string[];
  /** Only those that are stuck or lost, and the units around them. */
  readonly onlyStuck?: boolean;
}

export interface StuckEvidence {
  readonly rows: readonly RunningRow[];
  /** Processes that have not ended and whose main thread is blocked. */
  readonly blocked: readonly ProcessRow[];
  /** `undefined` where there is no server to ask. */
  readonly database: DatabaseWaits | undefined;
}

/** Reads the ledger, wherever it is: a database, or the journals alone. */
export interface LedgerReader {
  /** Where the answers come from, for people. */
  readonly description: string;
  /** Newest first. */
  sessions(filter: SessionFilter): Promise<readonly SessionRow[]>;
  /** Items of a session, counted by state. */
  itemStates(sessionId: string): Promise<readonly StateCount[]>;
  /** How many items of a session retention has removed. */
  removedItems(sessionId: string): Promise<number>;
  /** The newest `last` of the matching records, oldest first. */
  events(filter: EventFilter, last: number): Promise<readonly EventRow[]>;
  /** The newest of the matching HTTP requests, oldest first, or the slowest of them. */
  requests(filter: RequestFilter, page: RequestPage): Promise<readonly RequestRow[]>;
  /** What was recorded in the traces of these requests while they were served, in their order. */
  requestLogs(requests: readonly RequestRow[]): Promise<readonly RequestLogs[]>;
  /** The matching HTTP requests by route, those that took the most time first. */
  routes(filter: RequestFilter, last: number): Promise<readonly RouteFigures[]>;
  /** The matching HTTP requests by the time in which they began, oldest first, times without any between them. */
  requestTimes(filter: RequestFilter, page: TimePage): Promise<readonly TimeFigures[]>;
  /** The newest `last` of the matching units, oldest first. */
  units(filter: UnitFilter, last: number): Promise<readonly UnitRow[]>;
  /** Items, steps and batches that match, by name, in the order in which the first of each began. */
  steps(filter: UnitFilter): Promise<readonly StepGroup[]>;
  /** The newest runs of a task outside of sessions: its outermost steps, the newest first. */
  taskRuns(taskName: string, last: number): Promise<readonly UnitRow[]>;
  /** A process and how it ended. */
  process(instanceId: string): Promise<ProcessEnd | undefined>;
  /** Ended steps and batches of a session by name, the most time first. */
  slowestSteps(sessionId: string, last: number): Promise<readonly StepSummary[]>;
  /** Every error record of a session, grouped. */
  errorGroups(sessionId: string): Promise<readonly ErrorGroup[]>;
  /** Units that have not ended, the oldest first, each with the verdict on it. */
  running(filter: RunningFilter, last: number): Promise<readonly RunningRow[]>;
  /** What may not advance: the open units of this filter and what else tells of it. */
  stuckEvidence(filter: RunningFilter, last: number): Promise<StuckEvidence>;
  /** Processes that have not ended, and what they do now. */
  processes(): Promise<readonly ProcessRow[]>;
  /** Who waits for whom in the server of the ledger; `undefined` where there is no server to ask. */
  databaseWaits(): Promise<DatabaseWaits | undefined>;
  statistics(scope: StatisticsScope): Promise<Statistics>;
  close(): Promise<void>;
}
