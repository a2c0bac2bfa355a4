import pg from 'pg';
import { readDeadLetters } from '../../src/journal/dead-letters.ts';
import { compareBooks } from './books.ts';
import { type Fault, runAlone } from './fault.ts';
import { startMetricsReceiver } from './metrics-receiver.ts';
import { settle, unexpected } from './settlement.ts';
import type { Stage } from './stage.ts';
import { until } from './until.ts';

/** A way in which a database refuses a record, and what its keeper does about it. Apps make one record for each dose. */
interface Poison {
  readonly code: string;
  readonly dose: 'constraint' | 'cut-column' | 'oversize';
  readonly breaks: string;
  readonly repairs: string;
}

const poisons: readonly Poison[] = [
  {
    code: '22001',
    dose: 'cut-column',
    breaks: 'alter table spanledger.import_items alter column reason type varchar(100)',
    repairs: 'alter table spanledger.import_items alter column reason type text',
  },
  {
    code: '23514',
    dose: 'constraint',
    breaks: `alter table spanledger.audit_log add constraint no_poison check (details ->> 'poison' is null)`,
    repairs: 'alter table spanledger.audit_log drop constraint no_poison',
  },
  {
    code: '54000',
    dose: 'oversize',
    breaks: 'create index by_endpoint on spanledger.api_logs (endpoint)',
    repairs: 'drop index spanledger.by_endpoint',
  },
];

/** An item of the load makes this many records, its claim, transitions and steps included. */
const recordsPerItem = 16;

/** A few records among very many are refused: by a constraint, by a column that somebody has cut, by the size of an index entry. */
export const poison: Fault<{ records: number }> = {
  name: 'poison',
  brief: 'the database refuses single records among many',
  small: { records: 3_000 },
  full: { records: 100_000 },
  async run(stage, { records }, random) {
    const server = await stage.startServer();
    const witness = stage.watchJournal();
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    stage.closeLater(() => client.end());
    for (const { breaks } of poisons) await client.query(breaks);
    const items = Math.ceil(records / recordsPerItem);
    const doses = poisons.map(({ dose }) => ({ dose, item: random.between(0, items - 1) }));
    const env = { DATABASE_URL: server.url };
    const app = stage.startApp({
      script: 'mixed-load.js',
      load: { name: 'poison', items, lanes: 3, doses },
      env: { ...env, SPANLEDGER_SHIP: 'false' },
    });
    const refused = await settle(stage, { url: server.url, witness, app: await app.ended, shipCode: 1 });
    const doctor = await stage.run(['doctor'], { env });
    const codes = (await readDeadLetters(stage.ledger)).map(({ code }) => code).sort();
    const live = await repairedMeanwhile(stage, client, env);
    const retried = await stage.run(['ship', '--dead-letters'], { env });
    const healed = await settle(stage, { url: server.url, witness });
    return {
      runs: poisons.length,
      balance: healed.balance,
      figures: { refused: codes.join(' ') },
      faults: [
        ...refused.faults,
        ...refused.balance.faults,
        ...unexpected('spanledger ship --dead-letters', retried, 0),
        ...healed.faults,
        ...letterFaults(codes),
        ...live,
        ...(/FINDING +dead letters +3 records refused/.test(doctor.stdout) ? [] : [`doctor says: ${doctor.stdout}`]),
        ...(healed.balance.deadLetters === 0
          ? []
          : [`${healed.balance.deadLetters} dead letters stayed after the repair`]),
      ],
    };
  },
};

/**
 * An app ships while the database still refuses, and is repaired under it: what it records from then on arrives, also over the
 * connections that it has had since before.
 */
async function repairedMeanwhile(
  stage: Stage,
  client: pg.Client,
  env: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const before = await readDeadLetters(stage.ledger);
  const load = { name: 'live', lanes: 3, itemsPerSecond: 100, doses: dosesEvery(10) };
  const metrics = await startMetricsReceiver();
  stage.closeLater(() => metrics.close());
  const app = stage.startApp({ script: 'mixed-load.js', load, env: { ...env, ...metrics.env } });
  await app.ready;
  await until(
    'the app has records refused',
    30_000,
    async () => (await readDeadLetters(stage.ledger)).length > before.length + 5,
  );
  for (const { repairs } of poisons) await client.query(repairs);
  const repairedAt = (app.windows.at(-1)?.ended ?? 0) + 10;
  // What was recorded before the repair is refused or not, and through by then.
  await until('what came before is through', 30_000, () => (app.windows.at(-1)?.ended ?? 0) > repairedAt + 200);
  const refused = (await readDeadLetters(stage.ledger)).length;
  await until('more poison was tried', 30_000, () => (app.windows.at(-1)?.ended ?? 0) > repairedAt + 400);
  const letters = (await readDeadLetters(stage.ledger)).length;
  const books = await compareBooks(stage, {
    options: { env },
    apps: [app],
    metrics,
    expects: ({ deadLetters }) => {
      const told = metrics.instances().reduce((sum, instance) => sum + metrics.of(instance).refused, 0);
      return deadLetters === letters && told === letters - before.length
        ? []
        : [
            `of ${letters} dead letters, ${before.length} of them from before, doctor tells ${deadLetters}, metrics ${told}`,
          ];
    },
  });
  app.tell({ stop: true });
  const end = await app.ended;
  const since = (await readDeadLetters(stage.ledger)).length - refused;
  return [
    ...books,
    ...unexpected('the app under which the database was repaired', end, 0),
    ...(since === 0 ? [] : [`${since} records were refused after the repair`]),
  ];
}

/** Each kind of poison in its turn, one in so many items. */
function dosesEvery(items: number) {
  return Array.from({ length: 100 }, (_, n) => ({ dose: poisons[n % poisons.length]?.dose, item: n * items }));
}

/** Exactly the records that carry the poison, each with the reason of the database. */
function letterFaults(codes: readonly string[]): readonly string[] {
  const expected = poisons.map(({ code }) => code).join(' ');
  return codes.join(' ') === expected ? [] : [`the dead letters are ${codes.join(' ')} and not ${expected}`];
}

if (process.argv[1] === import.meta.filename) await runAlone(poison);
