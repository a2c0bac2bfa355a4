/**
 * The facts that the journal keeps. A record is one fact about one unit of work, redacted and storable, with every id
 * it needs; `rowsOf` makes table rows of it. Times are microseconds since the Unix epoch (integers below 2^53).
 */

/** Kinds of unit. A `request` is an HTTP request that the host serves and that takes longer than a second. */
export type UnitKind = 'session' | 'item' | 'step' | 'task' | 'batch' | 'chunk' | 'request';

/** Drop classes, the first to go first when a cap is reached. */
export const recordClasses = ['request', 'progress', 'audit'] as const;
export type RecordClass = (typeof recordClasses)[number];

/** Ids that every record carries as far as they are known. */
export interface RecordIds {
  /** 32 lower-case hex digits, never all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId?: string;
  readonly sessionId?: string;
  readonly itemId?: string;
  readonly correlationId?: string;
  readonly requestId?: string;
  readonly taskId?: string;
  readonly userId?: string;
  /** Only where it differs from the service that owns the journal, as for spans received over OTLP. */
  readonly service?: string;
}

/** What names a unit. Repeated on its end, so that a lone end makes a whole row. */
export interface UnitIdentity extends RecordIds {
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly unit: UnitKind;
  readonly taskName: string;
  readonly stepName: string;
  readonly order?: number;
  readonly attempt?: number;
  /** JSON text. */
  readonly input?: string;
  readonly total?: number;
  /** JSON text: what was said of its duration. */
  readonly expectation?: string;
}

/** A unit began. Row: task_progress START. */
export interface UnitStartRecord extends UnitIdentity {
  readonly type: 'start';
  readonly at: number;
  readonly version: number;
}

/** A unit ended. Row: task_progress SUCCESS or FAILED. */
export interface UnitEndRecord extends UnitIdentity {
  readonly type: 'end';
  readonly at: number;
  readonly startAt: number;
  readonly version: number;
  readonly status: 'SUCCESS' | 'FAILED';
  readonly done?: number;
  /** JSON text. */
  readonly output?: string;
  readonly errorMessage?: string;
  readonly stack?: string;
}

/** Counts of a session, by item state group. They always sum to `total`. */
export interface SessionCounts {
  readonly total: number;
  readonly pending: number;
  readonly processing: number;
  readonly imported: number;
  readonly skipped: number;
  readonly failed: number;
  /** Part of `failed`. */
  readonly missing: number;
}

/**
 * Something happened: a transition, a lifecycle event, an audit entry or a log line. Row: audit_log; also import_sessions
 * or import_items when `unit` is session or item and `toState` or `counts` is present; also task_progress IN_PROGRESS when
 * `done` or `waitingUntil` is present.
 */
export interface EventRecord extends RecordIds {
  readonly type: 'event';
  readonly at: number;
  readonly level: string;
  readonly category: string;
  readonly event: string;
  readonly message: string;
  readonly seq?: number;
  readonly version?: number;
  readonly unit?: UnitKind;
  readonly fromState?: string;
  readonly toState?: string;
  readonly reason?: string;
  readonly durationMillis?: number;
  /** JSON text. */
  readonly details?: string;
  readonly errorType?: string;
  readonly errorMessage?: string;
  readonly stack?: string;
  readonly actions?: readonly string[];
  readonly kind?: string;
  readonly accountId?: string;
  readonly attempt?: number;
  readonly done?: number;
  readonly total?: number;
  readonly counts?: SessionCounts;
  /** The unit waits until then; the time of the event itself where the wait is over. */
  readonly waitingUntil?: number;
  readonly waitReason?: string;
}

/** One HTTP request. Row: api_logs. */
export interface RequestRecord extends RecordIds {
  readonly type: 'request';
  readonly at: number;
  readonly direction: 'inbound' | 'outbound';
  readonly method: string;
  readonly endpoint: string;
  readonly route?: string;
  /** JSON text. */
  readonly requestHeader?: string;
  /** JSON text. */
  readonly requestBody?: string;
  readonly responseStatus?: number;
  /** JSON text. */
  readonly responseBody?: string;
  readonly durationMillis: number;
  readonly ipAddress?: string;
  /** Why it did not end as a request should. */
  readonly reason?: string;
}

export type LedgerRecord = UnitStartRecord | UnitEndRecord | EventRecord | RequestRecord;

/** The class that decides what is dropped first. */
export function classOf(record: LedgerRecord): RecordClass {
  switch (record.type) {
    case 'request':
      return 'request';
    case 'start':
    case 'end':
      return 'progress';
    case 'event':
      return 'audit';
    default:
      return record satisfies never;
  }
}

/** Who wrote a journal: one run of one process. The first line of every segment. */
export interface JournalOwner {
  readonly instanceId: string;
  readonly service: string;
  readonly host: string;
  readonly pid: number;
  /** Start of the process, microseconds since the epoch. */
  readonly startedAt: number;
  /** Version of the program, where something says one. */
  readonly version?: string;
  /** Commit that the program was taken from, where something says one. */
  readonly revision?: string;
}
