import pg from 'pg';
import { compareBooks } from './books.ts';
import { latencyOf, millis, slowerCalls } from './call-latency.ts';
import type { Child } from './child.ts';
import { patience, watchContention } from './contention.ts';
import { type Fault, runAlone } from './fault.ts';
import { startMetricsReceiver } from './metrics-receiver.ts';
import { settle, unexpected } from './settlement.ts';

const sampleMillis = 250;
/** More connections than this that wait for a lock, in more than a fifth of the samples, are a convoy. */
const convoySize = 3;

/** Many workers in many processes write to one database, to sessions of their own and to one that they share. */
export const manyWriters: Fault<{ processes: number; workers: number; seconds: number; itemsPerSecond: number }> = {
  name: 'many-writers',
  brief: 'many workers in many processes write to one database, also to the same session',
  small: { processes: 8, workers: 3, seconds: 12, itemsPerSecond: 10 },
  full: { processes: 8, workers: 3, seconds: 600, itemsPerSecond: 20 },
  async run(stage, { processes, workers, seconds, itemsPerSecond }) {
    const server = await stage.startServer();
    const witness = stage.watchJournal();
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    stage.closeLater(() => client.end());
    const metrics = await startMetricsReceiver();
    stage.closeLater(() => metrics.close());
    const env = { DATABASE_URL: server.url };
    const apps = Array.from({ length: processes }, (_, index) =>
      stage.startApp({
        script: 'mixed-load.js',
        load: { name: `writer-${index}`, lanes: workers, itemsPerSecond, shared: 'shared' },
        env: { ...env, ...metrics.env },
      }),
    );
    await Promise.all(apps.map(({ ready }) => ready));
    const contention = watchContention();
    const samples = await watchDatabase(client, seconds * 1000);
    const share = contention.share();
    const books = await compareBooks(stage, { options: { env }, apps, metrics, witness, url: server.url });
    const ends = await stopAll(apps);
    const settled = await settle(stage, { url: server.url, witness });
    const { rows } = await client.query(
      'select deadlocks::int from pg_stat_database where datname = current_database()',
    );
    const third = Math.floor(samples.length / 3);
    const [early, late] = [median(samples.slice(0, third)), median(samples.slice(-third))];
    const calls = (part: 0 | 2) =>
      latencyOf(
        apps.flatMap(({ windows }) => {
          const size = Math.floor(windows.length / 3);
          return windows.slice(part * size, (part + 1) * size);
        }),
      );
    const convoys = samples.filter(({ waiting }) => waiting > convoySize).length;
    const faults = [
      ...books,
      ...ends,
      ...settled.faults,
      ...(settled.balance.deadLetters === 0 ? [] : [`${settled.balance.deadLetters} records were refused`]),
      ...slowerCalls('in the last third of the time', calls(0), calls(2), share, timeSliceMillis),
      ...(late <= Math.max(2 * early, early + 500 * patience(share))
        ? []
        : [`the oldest writer was ${late} ms behind at the end, ${early} ms at first`]),
      ...(convoys <= samples.length / 5
        ? []
        : [`connections queued for locks in ${convoys} of ${samples.length} samples`]),
    ];
    const figures = {
      behindEarlyMillis: early,
      behindLateMillis: late,
      deadlocksRetried: rows[0].deadlocks,
      convoys,
      callP99EarlyMillis: millis(calls(0).p99),
      callP99LateMillis: millis(calls(2).p99),
    };
    return { runs: processes * workers, balance: settled.balance, figures, faults };
  },
};

/** These processes are more than there are processors: a call may be put aside for as long as others have their turn. */
const timeSliceMillis = 30;

interface Sample {
  /** How long ago the writer that was served last of all was served. */
  readonly behindMillis: number;
  /** Connections that wait for a lock. */
  readonly waiting: number;
}

async function watchDatabase(client: pg.Client, forMillis: number): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const end = performance.now() + forMillis;
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, sampleMillis));
    const { rows } = await client.query(`select
      coalesce((select extract(epoch from clock_timestamp() - min(served)) * 1000 from
        (select max(updated_at) as served from spanledger.shipments group by instance_id) s), 0)::float8 as behind,
      (select count(*)::int from pg_stat_activity where wait_event_type = 'Lock') as waiting`);
    samples.push({ behindMillis: Math.round(rows[0].behind), waiting: rows[0].waiting });
  }
  return samples;
}

async function stopAll(apps: readonly Child[]): Promise<readonly string[]> {
  for (const app of apps) app.tell({ stop: true });
  const ends = await Promise.all(apps.map(({ ended }) => ended));
  return ends.flatMap((end, index) => unexpected(`writer ${index}`, end, 0));
}

function median(samples: readonly Sample[]): number {
  return samples.map(({ behindMillis }) => behindMillis).sort((one, other) => one - other)[samples.length >> 1] ?? 0;
}

if (process.argv[1] === import.meta.filename) await runAlone(manyWriters);
