import type { TableName } from '../projection/tables.ts';
import type { EncodedTable } from './row-encoding.ts';

/** Shipments for which the rows of a table are not taken for new after some were not. */
const carefulShipments = 64;

/**
 * Decides whether rows that should be new are copied right into their table, which takes half the server's time, or by way of a
 * staging table. Where they are not new after all (a session that is taken up again meets its items), Postgres says so, the
 * shipment is repeated by the careful way, and that is kept up for a while.
 */
export class FreshRows {
  readonly #careful = new Map<TableName, number>();

  /** The parts of a shipment as they are to be stored now. */
  judge(parts: readonly EncodedTable[]): readonly EncodedTable[] {
    return parts.map((part) => (part.isFresh && this.#isCareful(part.table) ? { ...part, isFresh: false } : part));
  }

  /** Some rows that were taken for new were not; the parts are to be stored like this. */
  mistaken(parts: readonly EncodedTable[]): readonly EncodedTable[] {
    for (const { table, isFresh } of parts) if (isFresh) this.#careful.set(table, carefulShipments);
    return parts.map((part) => (part.isFresh ? { ...part, isFresh: false } : part));
  }

  #isCareful(table: TableName): boolean {
    const left = this.#careful.get(table) ?? 0;
    if (left > 0) this.#careful.set(table, left - 1);
    return left > 0;
  }
}
