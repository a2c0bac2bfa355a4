import { compareBooks } from './books.ts';
import { calmWindows, latencyOf, millis, slowerCalls } from './call-latency.ts';
import type { Child, CommandEnd, Window } from './child.ts';
import { patience, watchContention } from './contention.ts';
import { type Fault, runAlone } from './fault.ts';
import { startMetricsReceiver } from './metrics-receiver.ts';
import { startProxy } from './postgres-proxy.ts';
import { settle } from './settlement.ts';
import type { Stage } from './stage.ts';
import { until } from './until.ts';

const mebibyte = 1024 ** 2;
/** What a black hole may cost. The journal is on the disk; memory holds no more than a shipment or two and what is under way. */
const mostGrowthBytes = 120 * mebibyte;
/**
 * Two connections at most ship, one asks for the past of a session, and each may have a successor that is being opened; a second app
 * comes and goes, and two commands.
 */
const mostSockets = 12;
/** The server may be silent for 30 s, then comes a moment of grace, and the pause until the next attempt. */
const mostRecoveryMillis = 45_000;
/** Nobody waits for an answer for longer than a connection may take, a few times in a row. */
const mostEndSeconds = 30;

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
    const metrics = await startMetricsReceiver();
    stage.closeLater(() => metrics.close());
    const app = stage.startApp({ script: 'mixed-load.js', load, env: { DATABASE_URL: proxy.url, ...metrics.env } });
    await app.ready;
    const calm = await calmWindows(app, 12);
    const begin = app.windows.length;
    proxy.swallow(true);
    const contention = watchContention();
    const visitors = comeAndGo(stage, proxy.url);
    await after(seconds);
    const during = app.windows.slice(begin);
    const share = contention.share();
    const ends = await visitors;
    const commits = proxy.commits.seen;
    proxy.swallow(false);
    const recovery = await recovered(app, () => proxy.commits.seen > commits + 3);
    const options = { env: { DATABASE_URL: server.url } };
    const books = await compareBooks(stage, { options, apps: [app], metrics, witness });
    app.tell({ stop: true });
    const settled = await settle(stage, { url: server.url, witness, app: await app.ended });
    const growth = most(during) - most(calm);
    const [before, inside] = [latencyOf(calm), latencyOf(during)];
    const faults = [
      ...books,
      ...settled.faults,
      ...(recovery <= mostRecoveryMillis * patience(share)
        ? []
        : [`nothing was delivered for ${Math.round(recovery)} ms after the network was back`]),
      ...(growth <= mostGrowthBytes ? [] : [`memory grew by ${Math.round(growth / mebibyte)} MiB`]),
      ...(proxy.sockets.most <= mostSockets ? [] : [`${proxy.sockets.most} sockets were open at once`]),
      ...slowerCalls('in the black hole', before, inside, share),
      ...ends.flatMap(({ who, code, seconds: took, end }) => [
        ...(end.code === code
          ? []
          : [`${who} ended with ${end.code ?? end.signal} and not with ${code}: ${end.stderr}`]),
        ...(took <= mostEndSeconds * patience(share) ? [] : [`${who} took ${took} s to end`]),
      ]),
    ];
    const figures = {
      growthMebibytes: Math.round(growth / mebibyte),
      mostSockets: proxy.sockets.most,
      recoveryMillis: Math.round(recovery),
      callP99BeforeMillis: millis(before.p99),
      callP99DuringMillis: millis(inside.p99),
      ...Object.fromEntries(ends.map(({ figure, seconds: took }) => [figure, took])),
    };
    return { runs: 1, balance: settled.balance, figures, faults };
  },
};

interface Visit {
  readonly who: string;
  readonly figure: string;
  readonly code: number;
  readonly seconds: number;
  readonly end: CommandEnd;
}

/** Programs that begin and want to end while nobody answers: a short run of the app, `ship` and `doctor`, each as long as it takes. */
function comeAndGo(stage: Stage, url: string): Promise<readonly Visit[]> {
  const env = { DATABASE_URL: url };
  const app = () => stage.startApp({ script: 'mixed-load.js', load: { name: 'visitor', items: 50 }, env }).ended;
  const visit = async (who: string, figure: string, code: number, come: () => Promise<CommandEnd>): Promise<Visit> => {
    const begin = performance.now();
    const end = await come();
    return { who, figure, code, seconds: Math.round((performance.now() - begin) / 100) / 10, end };
  };
  return Promise.all([
    visit('an app that ends in the black hole', 'appEndSeconds', 0, app),
    visit('spanledger ship', 'shipEndSeconds', 3, () => stage.run(['ship'], { env })),
    visit('spanledger doctor', 'doctorEndSeconds', 3, () => stage.run(['doctor'], { env })),
  ]);
}

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

if (process.argv[1] === import.meta.filename) await runAlone(blackHole);
