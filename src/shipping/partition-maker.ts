import { qualified } from './identifier.ts';
import type { PartitionMonth, PartitionNeeds } from './partition-months.ts';
import type { SqlDatabase } from './sql-connection.ts';
import { toDatabaseFailure } from './sql-state.ts';

/** Makes the partitions that rows need before they come. */
export interface PartitionMaker {
  /** Resolves also where a partition cannot be made now: its rows go to the default partition, and move when it is made. */
  make(needs: PartitionNeeds): Promise<void>;
}

/** Attaching waits for whoever reads the default partition, and all who come later wait behind it: not long. */
const lockMillis = 500;
/** How long somebody who reads every table, as a backup does for hours, is left alone. */
const againMicros = 60_000_000;

/**
 * Remembers what is there, so it asks the database once for each partition. Partitions are made in transactions of their own:
 * within a shipment's, its locks could wait for one another.
 */
export function createPartitionMaker(database: SqlDatabase, schema: string, now: () => number): PartitionMaker {
  const known = new Set<string>();
  /** Those that could not be made, and when that was. */
  const postponed = new Map<string, number>();
  return {
    async make(needs) {
      const at = now();
      for (const partition of needs.partitions(at)) {
        const name = `${partition.table} ${partition.month}`;
        if (known.has(name) || Math.abs(at - (postponed.get(name) ?? Number.NEGATIVE_INFINITY)) < againMicros) continue;
        if (await makePartition(database, schema, partition)) {
          known.add(name);
          postponed.delete(name);
        } else postponed.set(name, at);
      }
    },
  };
}

/** Makes one partition unless it is there; `false` where others are in the way of it now. */
export async function makePartition(
  database: SqlDatabase,
  schema: string,
  { table, month }: PartitionMonth,
): Promise<boolean> {
  try {
    await database.transaction(async (connection) => {
      await connection.script(`set local lock_timeout = ${lockMillis}`);
      await connection.query(`select ${qualified(schema, 'ensure_partition')}($1, $2)`, [table, month]);
    });
    return true;
  } catch (error) {
    const { kind, code } = toDatabaseFailure(error);
    if (kind === 'conflict' || code === statementTimeoutCode) return false;
    throw error;
  }
}

/** So many rows have to move out of the default partition that it takes longer than a statement may: retention has that time. */
const statementTimeoutCode = '57014';
