import type { Child, Window } from './child.ts';
import { type Fault, runAlone } from './fault.ts';
import { startProxy } from './postgres-proxy.ts';
import { settle } from './settlement.ts';
import { until } from './until.ts';

const mebibyte = 1024 ** 2;
/** What a black hole may cost. The journal is on the disk; memory holds no more than a shipment or two and what is under way. */
const mostGrowthBytes = 120 * mebibyte;
/** Two connections at most ship, one asks for the past of a session, and each may have a successor that is being opened. */
const mostSockets = 6;
/** The server may be silent for 30 s, then comes a moment of grace, and the pause until the next attempt. */
const mostRecoveryMillis = 45_000;

/** Packets are accepted and nobody answers, for minutes, under load; then the network is back. */
export const blackHole: Fault<{ seconds: number; itemsPerSecond: number }> = {
  name: 'black-hole',
  brief: 'the network takes every packet and answers none, under load',
  small: { seconds: 10, itemsPerSecond: 200 },
  full: { seconds: 300, itemsPerSecond: 200 },
  async run(stage, { seconds, itemsPerSecond }) {
    const server = await stage.startServer();
    const witness = stage.watchJournal();
    const proxy = await startProxy(server.url);
    stage.closeLater(() => proxy.close());
    const load = { name: 'black-hole', itemsPerSecond, lanes: 3 };
    const app = stage.startApp({ script: 'mixed-load.js', load, env: { DATABASE_URL: proxy.url } });
    await app.ready;
    await after(3);
    const calm = app.windows.slice(2);
    const begin = app.windows.length;
    proxy.swallow(true);
    await after(seconds);
    const during = app.windows.slice(begin);
    const commits = proxy.commits.seen;
    proxy.swallow(false);
    const recovery = await recovered(app, () => proxy.commits.seen > commits + 3);
    app.tell({ stop: true });
    const settled = await settle(stage, { url: server.url, witness, app: await app.ended });
    const growth = most(during) - most(calm);
    const [before, inside] = [median(calm), median(during)];
    const faults = [
      ...settled.faults,
      ...(recovery <= mostRecoveryMillis
        ? []
        : [`nothing was delivered for ${Math.round(recovery)} ms after the network was back`]),
      ...(growth <= mostGrowthBytes ? [] : [`memory grew by ${Math.round(growth / mebibyte)} MiB`]),
      ...(proxy.sockets.most <= mostSockets ? [] : [`${proxy.sockets.most} sockets were open at once`]),
      ...(inside <= Math.max(2 * before, before + 0.5)
        ? []
        : [`calls took ${inside} ms (p99) in the black hole, ${before} ms before`]),
    ];
    const figures = {
      growthMebibytes: Math.round(growth / mebibyte),
      mostSockets: proxy.sockets.most,
      recoveryMillis: Math.round(recovery),
      callP99BeforeMillis: round(before),
      callP99DuringMillis: round(inside),
    };
    return { runs: 1, balance: settled.balance, figures, faults };
  },
};

/** Milliseconds until the app delivers again; endless if it does not within twice the time that is allowed. */
async function recovered(app: Child, delivers: () => boolean): Promise<number> {
  try {
    return await until('the app delivers again', 2 * mostRecoveryMillis, delivers);
  } catch {
    app.tell({ stop: true });
    return Number.POSITIVE_INFINITY;
  }
}

function after(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

function most(windows: readonly Window[]): number {
  return Math.max(0, ...windows.map(({ rssBytes }) => rssBytes));
}

function median(windows: readonly Window[]): number {
  return windows.map(({ p99 }) => p99).sort((one, other) => one - other)[Math.floor(windows.length / 2)] ?? 0;
}

function round(millis: number): number {
  return Math.round(millis * 1_000) / 1_000;
}

if (process.argv[1] === import.meta.filename) await runAlone(blackHole);
