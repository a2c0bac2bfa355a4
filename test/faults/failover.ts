import pg from 'pg';
import { freePort } from '../harness/free-port.ts';
import type { PostgresServer } from '../harness/postgres-server.ts';
import { standbyName, startStandby } from '../harness/standby.ts';
import { askDoctor } from './books.ts';
import type { Child } from './child.ts';
import { type Fault, runAlone } from './fault.ts';
import { settle, unexpected } from './settlement.ts';
import { migrate, type Stage } from './stage.ts';
import { until } from './until.ts';

const patienceMillis = 60_000;

/** Servers of which one is the primary, all of them named in the database URL of the apps from the start. */
interface Cluster {
  readonly stage: Stage;
  readonly url: string;
  readonly ports: readonly number[];
  readonly itemsPerSecond: number;
  readonly recoveries: number[];
}

/**
 * Primaries die at work and standbys take over: one that has everything, as it was waited for, then others that lack the last seconds, as
 * nobody waited for them, and that are reached while they still read only.
 */
export const failover: Fault<{ failovers: number; itemsPerSecond: number }> = {
  name: 'failover',
  brief: 'kill -9 of the primary at work; a synchronous standby takes over, then one that lacks the last seconds',
  small: { failovers: 1, itemsPerSecond: 40 },
  full: { failovers: 10, itemsPerSecond: 40 },
  async run(stage, { failovers, itemsPerSecond }) {
    const ports = await Promise.all(Array.from({ length: failovers + 2 }, freePort));
    const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',');
    const url = `postgres://postgres:test-only@${hosts}/postgres?target_session_attrs=read-write`;
    const cluster = { stage, url, ports, itemsPerSecond, recoveries: [] };
    const witness = stage.watchJournal();
    const faults: string[] = [];
    let primary = await synchronous(cluster, faults);
    for (let number = 1; number <= failovers; number += 1)
      primary = await asynchronous(cluster, primary, number, faults);
    const settled = await settle(stage, { url: primary.url, witness });
    const { balance } = settled;
    return {
      runs: failovers + 1,
      balance,
      figures: { recoveryMaxMillis: Math.round(Math.max(...cluster.recoveries)) },
      faults: [
        ...faults,
        ...settled.faults,
        ...(balance.deadLetters === 0 ? [] : [`${balance.deadLetters} records were refused`]),
      ],
    };
  },
};

/** A primary that waits for its standby dies. What it has acknowledged is in the standby. */
async function synchronous(cluster: Cluster, faults: string[]): Promise<PostgresServer> {
  const { stage, ports } = cluster;
  const settings = { synchronous_standby_names: standbyName };
  const primary = await stage.startServer({ migrated: false, settings, ...portOf(ports, 0) });
  const standby = await follow(stage, primary, portOf(ports, 1));
  await migrate(primary.url);
  const app = await start(cluster, 'synchronous');
  await stored(primary, 'synchronous');
  await primary.kill('SIGKILL');
  await promote(cluster, standby, 'synchronous');
  faults.push(...(await end(app)));
  return standby;
}

/** A standby falls behind what the primary has acknowledged, and takes its place. */
async function asynchronous(
  cluster: Cluster,
  primary: PostgresServer,
  number: number,
  faults: string[],
): Promise<PostgresServer> {
  const { stage, ports } = cluster;
  const name = `asynchronous-${number}`;
  const standby = await follow(stage, primary, portOf(ports, number + 1));
  const app = await start(cluster, name);
  await stored(standby, name);
  await standby.kill('SIGKILL');
  const acknowledged = await stored(primary, name);
  await primary.kill('SIGKILL');
  await standby.restart();
  if ((await countOf(standby, name)) >= acknowledged)
    faults.push(`${name}: the standby lacked nothing, so nothing was proven`);
  faults.push(...(await examined(cluster)));
  await promote(cluster, standby, name);
  faults.push(...(await end(app)));
  return standby;
}

/** What `doctor` says while there is nothing but a standby. */
async function examined({ stage, url }: Cluster): Promise<readonly string[]> {
  const doctor = await askDoctor(stage, { env: { DATABASE_URL: url } });
  const found = doctor.about('database');
  const isFound = doctor.code === 3 && found?.status === 'finding' && /it is a standby/.test(found.message);
  return isFound ? [] : [`doctor ended with ${doctor.code} and names no standby: ${found?.message}`];
}

async function follow(
  stage: Stage,
  primary: PostgresServer,
  place: { readonly port?: number },
): Promise<PostgresServer> {
  const standby = await startStandby(primary, { durable: true, ...place });
  stage.closeLater(() => standby.stop());
  return standby;
}

async function start({ stage, url, itemsPerSecond }: Cluster, name: string): Promise<Child> {
  const app = stage.startApp({
    script: 'mixed-load.js',
    load: { name, itemsPerSecond, lanes: 3 },
    env: { DATABASE_URL: url },
  });
  await app.ready;
  return app;
}

async function end(app: Child): Promise<readonly string[]> {
  app.tell({ stop: true });
  return unexpected('the app', await app.ended, 0);
}

async function promote({ recoveries }: Cluster, standby: PostgresServer, name: string): Promise<void> {
  await execute(standby, 'select pg_promote()');
  const begin = performance.now();
  await stored(standby, name);
  recoveries.push(performance.now() - begin);
}

/** Waits until more of a session is in a server than there is now, and answers how many records that are. */
async function stored(server: PostgresServer, name: string): Promise<number> {
  const before = await countOf(server, name);
  let now = before;
  await until(`more of ${name} is stored`, patienceMillis, async () => {
    now = await countOf(server, name);
    return now > before;
  });
  return now;
}

async function countOf(server: PostgresServer, name: string): Promise<number> {
  const [row] = await execute(server, 'select count(*)::int as n from spanledger.audit_log where session_id = $1', [
    name,
  ]);
  return row?.n ?? 0;
}

async function execute(
  server: PostgresServer,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly { readonly n: number }[]> {
  const client = new pg.Client({ connectionString: server.url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

function portOf(ports: readonly number[], index: number): { readonly port?: number } {
  const port = ports[index];
  return port === undefined ? {} : { port };
}

if (process.argv[1] === import.meta.filename) await runAlone(failover);
