import { PGlite } from '@electric-sql/pglite';
import { dataDir } from '@electric-sql/pglite-prepopulatedfs';
import PgBoss from 'pg-boss';

/** pg-boss on the database of the shop; without one, on a Postgres of its own in memory. */
export async function openQueues(connectionString) {
  const memory = connectionString === undefined ? await openMemory() : undefined;
  const boss = new PgBoss(memory === undefined ? { connectionString } : { db: memory });
  boss.on('error', (error) => console.error(error.message));
  await boss.start();
  for (const queue of ['invoice', 'mail']) await boss.createQueue(queue);
  return {
    boss,
    async close() {
      await boss.stop({ graceful: false });
      await memory?.close();
    },
  };
}

async function openMemory() {
  const database = await PGlite.create({ loadDataDir: await dataDir() });
  return {
    async executeSql(text, values) {
      if (values !== undefined) return database.query(text, values);
      const results = await database.exec(text);
      return { rows: results.at(-1)?.rows ?? [] };
    },
    close: () => database.close(),
  };
}
