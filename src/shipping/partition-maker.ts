import { qualified } from './identifier.ts';
import type { PartitionNeeds } from './partition-months.ts';
import type { SqlDatabase } from './sql-connection.ts';

/** Makes the partitions that rows need before they come. */
export interface PartitionMaker {
  make(needs: PartitionNeeds): Promise<void>;
}

/**
 * Remembers what is there, so it asks the database once for each partition. Partitions are made in transactions of their own:
 * within a shipment's, its locks could wait for one another.
 */
export function createPartitionMaker(database: SqlDatabase, schema: string, now: () => number): PartitionMaker {
  const sql = `select ${qualified(schema, 'ensure_partition')}($1, $2)`;
  const known = new Set<string>();
  return {
    async make(needs) {
      for (const { table, month } of needs.partitions(now())) {
        const name = `${table} ${month}`;
        if (known.has(name)) continue;
        await database.transaction((connection) => connection.query(sql, [table, month]));
        known.add(name);
      }
    },
  };
}
