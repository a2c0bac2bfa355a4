import pg from 'pg';
import { listMigrations } from '../../src/shipping/migrations.ts';
import { askDoctor, compareBooks } from './books.ts';
import type { Child } from './child.ts';
import { type Fault, runAlone } from './fault.ts';
import { startMetricsReceiver } from './metrics-receiver.ts';
import { settle, unexpected } from './settlement.ts';
import type { Stage } from './stage.ts';
import { until } from './until.ts';

const dayMillis = 86_400_000;
const patienceMillis = 45_000;

/** The tables appear, grow older and newer than the writers, and change under them; some records are of a far past or future. */
export const migrationWhileWriting: Fault<{ writers: number; itemsPerSecond: number; calmMillis: number }> = {
  name: 'migration-while-writing',
  brief:
    'the schema is made, migrated and newer than its writers while they write, also rows of far past and future days',
  small: { writers: 2, itemsPerSecond: 50, calmMillis: 1_000 },
  full: { writers: 8, itemsPerSecond: 50, calmMillis: 30_000 },
  async run(stage, { writers, itemsPerSecond, calmMillis }) {
    const server = await stage.startServer({ migrated: false });
    const witness = stage.watchJournal();
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    stage.closeLater(() => client.end());
    const metrics = await startMetricsReceiver();
    stage.closeLater(() => metrics.close());
    const env = { DATABASE_URL: server.url };
    const apps = Array.from({ length: writers }, (_, index) =>
      stage.startApp({
        script: 'mixed-load.js',
        load: { name: `writer-${index}`, lanes: 3, itemsPerSecond, days: days() },
        env: { ...env, ...metrics.env },
      }),
    );
    await Promise.all(apps.map(({ ready }) => ready));
    const place = { stage, client, url: server.url, apps };
    const faults = [
      ...(await refused(apps, /SCHEMA_MISSING/)),
      ...(await doctorFinds(place, 'a schema that is not there', (current) => current === 0)),
      ...(await older(place)),
      ...(await migrated(place)),
      ...(await newer(place, calmMillis)),
      ...(await compareBooks(stage, { options: { env }, apps, metrics, witness, url: server.url })),
    ];
    for (const app of apps) app.tell({ stop: true });
    const ends = await Promise.all(apps.map(({ ended }) => ended));
    const settled = await settle(stage, { url: server.url, witness });
    const parts = await partitions(client);
    return {
      runs: 4,
      balance: settled.balance,
      figures: parts.figures,
      faults: [
        ...faults,
        ...ends.flatMap((end) => unexpected('a writer', end, 0)),
        ...settled.faults,
        ...parts.faults,
        ...(settled.balance.deadLetters === 0 ? [] : [`${settled.balance.deadLetters} records were refused`]),
      ],
    };
  },
};

interface Place {
  readonly stage: Stage;
  readonly client: pg.Client;
  readonly url: string;
  readonly apps: readonly Child[];
}

/** Days that have a partition of their own, and days that are too far away for one. */
function days(): readonly string[] {
  const from = (days: number) => new Date(Date.now() + days * dayMillis).toISOString();
  return [
    from(-40),
    from(-200),
    from(-600),
    from(35),
    '1999-12-31T23:59:59Z',
    '1970-01-01T00:00:00Z',
    '2199-06-01T00:00:00Z',
  ];
}

/** Each writer says why it does not write. */
async function refused(apps: readonly Child[], reason: RegExp): Promise<readonly string[]> {
  const silent: string[] = [];
  for (const { output, pid } of apps) {
    await until('the writer says why', patienceMillis, () => reason.test(output.stderr)).catch(() => {
      silent.push(`writer ${pid} did not say ${reason.source}: ${output.stderr}`);
    });
  }
  return silent;
}

/** `doctor` sees the schema as the writers do, and ends with 1. */
async function doctorFinds(
  { stage, url }: Place,
  what: string,
  isSo: (current: number, latest: number) => boolean,
): Promise<readonly string[]> {
  const doctor = await askDoctor(stage, { env: { DATABASE_URL: url } });
  const schema = doctor.about('schema');
  const { current, latest } = schema?.figures ?? {};
  const isFound = schema?.status === 'finding' && isSo(Number(current), Number(latest)) && doctor.code === 1;
  return isFound ? [] : [`doctor does not find ${what}: ${schema?.message}`];
}

/** All migrations but the last: the writers are newer than the schema. */
async function older(place: Place): Promise<readonly string[]> {
  const { client, apps } = place;
  await client.query('create schema spanledger');
  await client.query(
    'create table spanledger.migrations (id integer primary key, name text not null, applied_at timestamptz not null default clock_timestamp())',
  );
  for (const { id, name, sql } of listMigrations().slice(0, -1)) {
    await client.query(sql('spanledger'));
    await client.query('insert into spanledger.migrations values ($1, $2)', [id, name]);
  }
  const told = await refused(apps, /SCHEMA_OLDER/);
  return [
    ...told,
    ...(await doctorFinds(place, 'a schema that is older', (current, latest) => current === latest - 1)),
    ...((await stored(client)) === 0 ? [] : ['records went into a schema that is older than the writers']),
  ];
}

/** Three installers at once; the writers go on by themselves. */
async function migrated({ stage, client, url, apps }: Place): Promise<readonly string[]> {
  const installers = Array.from({ length: 3 }, () => stage.run(['migrate', 'up'], { env: { DATABASE_URL: url } }));
  const ends = await Promise.all(installers);
  const delivering = await goesOn(client, apps.length);
  return [...ends.flatMap((end) => unexpected('spanledger migrate up', end, 0)), ...delivering];
}

/** A later version has changed the tables: the writers stop before the first row, and go on when it has been taken back. */
async function newer(place: Place, calmMillis: number): Promise<readonly string[]> {
  const { client, apps } = place;
  await new Promise((resolve) => setTimeout(resolve, calmMillis));
  const id = (listMigrations().at(-1)?.id ?? 0) + 1;
  await client.query(`begin; insert into spanledger.migrations values (${id}, 'later');
    alter table spanledger.audit_log add column later text; commit`);
  const told = [
    ...(await refused(apps, /SCHEMA_NEWER/)),
    ...(await doctorFinds(place, 'a schema that is newer', (current, latest) => current === latest + 1)),
  ];
  const before = await stored(client);
  await new Promise((resolve) => setTimeout(resolve, calmMillis));
  const after = await stored(client);
  await client.query(`begin; delete from spanledger.migrations where id = ${id};
    alter table spanledger.audit_log drop column later; commit`);
  return [
    ...told,
    ...(before === after ? [] : [`${after - before} records went into a schema that is newer than the writers`]),
    ...(await goesOn(client, apps.length)),
  ];
}

/** Every writer delivers again what happens from now on, without having been started again. */
async function goesOn(client: pg.Client, writers: number): Promise<readonly string[]> {
  const { rows } = await client.query('select clock_timestamp() as now');
  const count = async () => {
    const found = await client.query(
      "select count(distinct session_id)::int as n from spanledger.audit_log where created_at between $1 and $1 + interval '1 hour'",
      [rows[0].now],
    );
    return found.rows[0].n;
  };
  try {
    await until('every writer delivers again', patienceMillis, async () => (await count()) >= writers);
    return [];
  } catch {
    return [`only ${await count()} of ${writers} writers deliver again`];
  }
}

async function stored(client: pg.Client): Promise<number> {
  const { rows } = await client.query('select count(*)::int as n from spanledger.audit_log');
  return rows[0].n;
}

/** Months within reach have partitions, which hold only rows of theirs; the others share one. */
async function partitions(client: pg.Client) {
  const { rows } = await client.query(`select tableoid::regclass::text as name, count(*)::int as n,
      count(distinct to_char(created_at at time zone 'UTC', 'YYYY_MM'))::int as months
    from spanledger.audit_log group by 1 order by 1`);
  const named = rows.filter(({ name }) => !name.endsWith('_default'));
  const rest = rows.find(({ name }) => name.endsWith('_default'));
  return {
    figures: { partitions: named.length, rowsFarAway: rest?.n ?? 0 },
    faults: [
      ...(named.length >= 5 ? [] : [`rows of five months are in ${named.map(({ name }) => name).join(', ')}`]),
      ...(rest?.months === 3 ? [] : [`the partition for far days holds ${rest?.months} months, not 3`]),
    ],
  };
}

if (process.argv[1] === import.meta.filename) await runAlone(migrationWhileWriting);
