import type { JournalOwner } from '../projection/record.ts';
import type { Row } from '../projection/tables.ts';

/** Rows of one part of one segment, stored in one transaction together with the offset behind them. */
export interface Shipment {
  readonly owner: JournalOwner;
  readonly segment: string;
  /** The offset the rows start at; the store refuses a shipment whose start is not its own offset. */
  readonly from: number;
  readonly to: number;
  readonly rows: readonly Row[];
  readonly records: number;
}

export type ShipResult =
  | { readonly status: 'stored'; readonly offset: number }
  /** Another shipper was there first; go on at `offset`. */
  | { readonly status: 'elsewhere'; readonly offset: number }
  /** The rows are refused as they are; bisect. `code` is a SQLSTATE. */
  | { readonly status: 'refused'; readonly code: string; readonly message: string }
  /** Nothing is known to be wrong with the rows; try again later. */
  | { readonly status: 'unavailable'; readonly code: string; readonly message: string };

/** A database that holds the ledger: Postgres through `pg`, or the embedded PGlite. */
export interface LedgerStore {
  /** Name for people, without credentials. */
  readonly description: string;
  /** Offset up to which a segment is stored; 0 when it is unknown. */
  offset(instanceId: string, segment: string): Promise<number>;
  ship(shipment: Shipment): Promise<ShipResult>;
  /** Runs one read-only statement. `timestamptz` and `bigint` come back as `Date` and `number`, jsonb parsed. */
  query<T extends Record<string, unknown>>(sql: string, parameters?: readonly unknown[]): Promise<readonly T[]>;
  close(): Promise<void>;
}
