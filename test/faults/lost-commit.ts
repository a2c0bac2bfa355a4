import { compareBooks } from './books.ts';
import { type Fault, runAlone } from './fault.ts';
import { startMetricsReceiver } from './metrics-receiver.ts';
import { startProxy } from './postgres-proxy.ts';
import { settle } from './settlement.ts';
import { until } from './until.ts';

/** A cut costs a pause and a new connection; every third commit is cut. */
const mostMillisPerCut = 10_000;

/** Connections are cut around COMMIT: before it, behind it, and between it and its answer. */
export const lostCommit: Fault<{ commits: number; itemsPerSecond: number }> = {
  name: 'lost-commit',
  brief: 'the connection is cut around COMMIT, above all between COMMIT and its answer',
  small: { commits: 12, itemsPerSecond: 100 },
  full: { commits: 300, itemsPerSecond: 300 },
  async run(stage, { commits, itemsPerSecond }, random) {
    const server = await stage.startServer();
    const witness = stage.watchJournal();
    const proxy = await startProxy(server.url);
    stage.closeLater(() => proxy.close());
    proxy.cutCommits(() => {
      if (random.next() < 0.65) return undefined;
      return random.pick(['before-answer', 'before-answer', 'after-sending', 'before']);
    });
    const metrics = await startMetricsReceiver();
    stage.closeLater(() => metrics.close());
    const app = stage.startApp({
      script: 'mixed-load.js',
      load: { name: 'lost-commit', itemsPerSecond, lanes: 3 },
      env: { DATABASE_URL: proxy.url, ...metrics.env },
    });
    await app.ready;
    await until(
      'enough commits were cut',
      20_000 + commits * mostMillisPerCut,
      () => cuts(proxy.commits.cut) >= commits,
    );
    proxy.cutCommits(() => undefined);
    const options = { env: { DATABASE_URL: server.url } };
    const books = await compareBooks(stage, { options, apps: [app], metrics, witness, url: server.url });
    app.tell({ stop: true });
    const settled = await settle(stage, { url: server.url, witness, app: await app.ended });
    const figures = { commits: proxy.commits.seen, ...proxy.commits.cut };
    return { runs: cuts(proxy.commits.cut), figures, balance: settled.balance, faults: [...books, ...settled.faults] };
  },
};

function cuts(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

if (process.argv[1] === import.meta.filename) await runAlone(lostCommit);
