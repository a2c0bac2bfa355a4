import { accounting } from './accounting.ts';
import { type Fault, runAlone } from './fault.ts';
import { startProxy } from './postgres-proxy.ts';
import { until } from './until.ts';

/** Connections are cut around COMMIT: before it, behind it, and between it and its answer. */
export const lostCommit: Fault<{ commits: number; itemsPerSecond: number }> = {
  name: 'lost-commit',
  brief: 'the connection is cut around COMMIT, above all between COMMIT and its answer',
  small: { commits: 25, itemsPerSecond: 300 },
  full: { commits: 500, itemsPerSecond: 300 },
  async run(stage, { commits, itemsPerSecond }, random) {
    const server = await stage.startServer();
    const witness = stage.watchJournal();
    const proxy = await startProxy(server.url);
    stage.closeLater(() => proxy.close());
    proxy.cutCommits(() => {
      if (random.next() < 0.5) return undefined;
      return random.pick(['before-answer', 'before-answer', 'after-sending', 'before']);
    });
    const app = stage.startApp({
      script: 'mixed-load.js',
      load: { name: 'lost-commit', itemsPerSecond, lanes: 3 },
      env: { DATABASE_URL: proxy.url },
    });
    await app.ready;
    await until('enough commits were cut', 600_000, () => cuts(proxy.commits.cut) >= commits);
    proxy.cutCommits(() => undefined);
    app.tell({ stop: true });
    const { code, stderr } = await app.ended;
    const shipped = await stage.run(['ship'], { env: { DATABASE_URL: server.url } });
    const balance = await accounting({
      url: server.url,
      directories: [stage.ledger],
      acknowledged: stage.acknowledged(),
      written: witness.records(),
    });
    const faults = [
      ...(code === 0 ? [] : [`the app ended with ${code}: ${stderr.slice(0, 300)}`]),
      ...(shipped.code === 0 ? [] : [`spanledger ship ended with ${shipped.code}: ${shipped.stderr}`]),
    ];
    return {
      runs: cuts(proxy.commits.cut),
      balance,
      figures: { commits: proxy.commits.seen, ...proxy.commits.cut },
      faults,
    };
  },
};

function cuts(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

if (process.argv[1] === import.meta.filename) await runAlone(lostCommit);
