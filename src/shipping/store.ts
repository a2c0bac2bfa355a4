import type { ProcessState } from '../journal/process-state.ts';
import type { JournalOwner } from '../projection/record.ts';
import type { Row } from '../projection/tables.ts';
import type { EncodedRows } from './row-encoding.ts';

/** Rows of one part of one segment, stored in one transaction together with the offset behind them. */
export interface Shipment {
  readonly owner: JournalOwner;
  readonly segment: string;
  /** The offset the rows start at; the store refuses a shipment whose start is not its own offset. */
  readonly from: number;
  readonly to: number;
  readonly rows: readonly Row[];
  /** The same rows, encoded by the caller; `rows` may be empty then. */
  readonly encoded?: EncodedRows;
  /** Records the rows were made of. */
  readonly records: number;
  /**
   * Whether the shipment before this one gets stored. This one is prepared meanwhile, as far as the store is able to, and stored
   * after it; without it, when absent.
   */
  readonly after?: Promise<boolean>;
  /** Records between `from` and `to` that went to the dead letters instead; none when absent. */
  readonly deadLetters?: number;
}

export type ShipResult =
  | { readonly status: 'stored'; readonly offset: number }
  /** Another shipper was there first; go on at `offset`. */
  | { readonly status: 'elsewhere'; readonly offset: number }
  /** The shipment before this one was not stored, or not in time; try again when its turn has come. */
  | { readonly status: 'out-of-turn' }
  /** The rows are refused as they are; bisect. `code` is a SQLSTATE. */
  | { readonly status: 'refused'; readonly code: string; readonly message: string }
  /** Nothing is known to be wrong with the rows; try again later. `code` is a SQLSTATE, a system error or an error code of ours. */
  | { readonly status: 'unavailable'; readonly code: string; readonly message: string; readonly action?: string };

/** A sign of life of a process run. What is absent keeps the value it has. */
export interface Heartbeat {
  readonly owner: JournalOwner;
  /** Microseconds since the epoch; never moves back. */
  readonly seenAt: number;
  readonly endedAt?: number;
  readonly exitCode?: number;
  readonly exitSignal?: string;
  /** JSON text: what the cause of death was concluded from. */
  readonly exitEvidence?: string;
  readonly eventLoopLagMillis?: number;
  readonly rssBytes?: number;
  /** Processor time per time, 1 for one core. */
  readonly cpuRatio?: number;
  /** Bytes in the journal that are not shipped. */
  readonly journalBytes?: number;
  /** What the process does now. */
  readonly state?: ProcessState;
}

/** A database that holds the ledger: Postgres through `pg`, or the embedded PGlite. */
export interface LedgerStore {
  /** Name for people, without credentials. */
  readonly description: string;
  /** A shipment may be sent while the one before it is still under way: it is worth it, and nobody waits for a connection. */
  readonly overlaps?: boolean;
  /**
   * Offset up to which a segment is stored; 0 when it is unknown. Of a segment whose own offset retention has removed it is known
   * that it is stored whole: then the offset lies behind everything.
   *
   * @throws SpanledgerError DATABASE_UNREACHABLE, SCHEMA_MISSING
   */
  offset(instanceId: string, segment: string): Promise<number>;
  /** Stores a shipment once and only once, however often it is tried. Never throws. */
  ship(shipment: Shipment): Promise<ShipResult>;
  /** Keeps the `instances` row of a process. `false` when the database cannot be reached; never throws. */
  heartbeat(heartbeat: Heartbeat): Promise<boolean>;
  /**
   * Runs one read-only statement; tables may be named without their schema. `timestamptz`, `bigint` and `numeric` come back as
   * `Date` and `number`, jsonb parsed.
   *
   * @throws SpanledgerError DATABASE_UNREACHABLE, SCHEMA_MISSING; what the database says about the statement itself.
   */
  query<T extends Record<string, unknown>>(sql: string, parameters?: readonly unknown[]): Promise<readonly T[]>;
  close(): Promise<void>;
}
