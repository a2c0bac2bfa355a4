import pg from 'pg';
import type { PostgresServer } from '../harness/postgres-server.ts';
import { compareBooks, type DoctorsBooks } from './books.ts';
import { calmWindows, latencyOf, millis, slowerCalls } from './call-latency.ts';
import type { Child, Window } from './child.ts';
import { watchContention } from './contention.ts';
import { type Fault, runAlone } from './fault.ts';
import { startMetricsReceiver } from './metrics-receiver.ts';
import { settle } from './settlement.ts';
import type { Stage } from './stage.ts';
import { until } from './until.ts';

const seconds = 1_000;

/** The server dies in every way it can, comes back, and its name passes to an empty one; the app never restarts. */
export const postgresCrash: Fault<{ rounds: number; itemsPerSecond: number }> = {
  name: 'postgres-crash',
  brief: 'kill -9, immediate shutdown and restart of the server under load; failover to an empty server',
  small: { rounds: 1, itemsPerSecond: 150 },
  full: { rounds: 20, itemsPerSecond: 150 },
  async run(stage, { rounds, itemsPerSecond }, random) {
    const server = await stage.startServer();
    const witness = stage.watchJournal();
    // A database that does not wait for its disk must not make ours forget what it was told to keep.
    await execute(server.url, 'alter system set synchronous_commit = off', 'select pg_reload_conf()');
    const metrics = await startMetricsReceiver();
    stage.closeLater(() => metrics.close());
    const env = { DATABASE_URL: server.url };
    const app = stage.startApp({
      script: 'mixed-load.js',
      load: { name: 'postgres-crash', itemsPerSecond, lanes: 3 },
      env: { ...env, ...metrics.env },
    });
    const books = { options: { env }, apps: [app], metrics, witness };
    await app.ready;
    const calm = await calmWindows(app, 12);
    const contention = watchContention();
    const outages: (readonly Window[])[] = [];
    const recoveries: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      for (const signal of ['SIGKILL', 'SIGQUIT', 'SIGINT'] as const) {
        const begin = app.windows.length;
        await server.kill(signal);
        await moment(random.between(10, 25) / 10);
        await restart(server);
        recoveries.push(await caughtUp(server, 60 * seconds));
        outages.push(app.windows.slice(begin));
      }
    }
    const share = contention.share();
    await server.kill('SIGKILL');
    const away = await compareBooks(stage, { ...books, isDelivering: false, expects: tellsOfOutage });
    await restart(server);
    await caughtUp(server, 60 * seconds);
    const failover = await failOver(stage, server, app);
    const back = await compareBooks(stage, { ...books, url: server.url });
    app.tell({ stop: true });
    const settled = await settle(stage, { url: server.url, witness, app: await app.ended });
    const [before, during] = [latencyOf(calm), latencyOf(outages.flat())];
    const faults = [
      ...away,
      ...failover,
      ...back,
      ...settled.faults,
      ...slowerCalls('with the server away', before, during, share),
    ];
    const figures = {
      callP99BeforeMillis: millis(before.p99),
      callP99DuringMillis: millis(during.p99),
      recoveryMaxMillis: Math.round(Math.max(...recoveries)),
    };
    return { runs: 3 * rounds + 2, balance: settled.balance, figures, faults };
  },
};

/** While the server is away `doctor` says so, and which process could not ship. */
function tellsOfOutage({ code, about }: DoctorsBooks): readonly string[] {
  return [
    ...(code === 3 && about('database')?.status === 'finding' ? [] : [`doctor ended with ${code}`]),
    ...(about('errors')?.status === 'finding' ? [] : ['doctor names no process that could not ship']),
  ];
}

/**
 * Another server answers in the place of the first one: one without the tables, then one with empty tables. Both are refused in words, and
 * nothing is shipped to either. Then the first one comes back.
 */
async function failOver(stage: Stage, server: PostgresServer, app: Child): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const migrated of [false, true]) {
    await server.kill('SIGINT');
    const standby = await stage.startServer({ migrated, port: Number(new URL(server.url).port) });
    const said = app.output.stderr.length;
    const refusal = migrated ? /DATABASE_REPLACED/ : /SCHEMA_MISSING/;
    try {
      await until('the standby is refused', 40 * seconds, () => refusal.test(app.output.stderr.slice(said)));
    } catch {
      faults.push(
        `an empty standby ${migrated ? 'with' : 'without'} tables was not refused: ${app.output.stderr.slice(said)}`,
      );
    }
    if (migrated) {
      const { rows } = await execute(standby.url, 'select count(*)::int as count from spanledger.audit_log');
      if (rows[0].count > 0) faults.push(`${rows[0].count} records went to an empty standby`);
    }
    await standby.stop();
    await restart(server);
    await caughtUp(server, 60 * seconds);
  }
  return faults;
}

/** A server that was killed leaves processes behind for a moment, and starts only when they are gone. */
async function restart(server: PostgresServer): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await server.restart();
    } catch (error) {
      if (attempt === 20) throw error;
      await moment(0.5);
    }
  }
}

/** Milliseconds until something was stored that happened after the server was back. */
function caughtUp(server: PostgresServer, maxMillis: number): Promise<number> {
  const back = new Date().toISOString();
  return until('the app delivers again', maxMillis, async () => {
    const { rows } = await execute(
      server.url,
      `select exists (select from spanledger.audit_log where created_at > '${back}') as is_there`,
    );
    return rows[0].is_there === true;
  });
}

async function execute(url: string, ...statements: readonly string[]): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    let last: pg.QueryResult | undefined;
    for (const statement of statements) last = await client.query(statement);
    if (last === undefined) throw new Error('There was nothing to execute.');
    return last;
  } finally {
    await client.end();
  }
}

function moment(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * seconds));
}

if (process.argv[1] === import.meta.filename) await runAlone(postgresCrash);
