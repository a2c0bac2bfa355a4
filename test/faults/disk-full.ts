import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { PostgresServer } from '../harness/postgres-server.ts';
import { accounting, type Balance } from './accounting.ts';
import { compareBooks } from './books.ts';
import type { Child, LaunchOptions } from './child.ts';
import { patience, watchContention } from './contention.ts';
import { type Fault, runAlone } from './fault.ts';
import { type LimitedDisk, startLimitedDisk } from './limited-disk.ts';
import { type MetricsReceiver, startMetricsReceiver } from './metrics-receiver.ts';
import { unexpected } from './settlement.ts';
import type { Stage } from './stage.ts';
import { until } from './until.ts';

/** The longest a call may take while the disk refuses everything. */
const mostCallMillis = 250;

/** The disk of the journal is read-only at first, then fills up while the database is away; later it has room, and the database is back. */
export const diskFull: Fault<{ mebibytes: number; lossMillis: number }> = {
  name: 'disk-full',
  brief: 'the disk of the journal is read-only, then full until records must be dropped, then has room again',
  small: { mebibytes: 8, lossMillis: 3_000 },
  full: { mebibytes: 64, lossMillis: 20_000 },
  async run(stage, { mebibytes, lossMillis }) {
    const server = await stage.startServer();
    const disk = await startLimitedDisk(stage, mebibytes);
    stage.closeLater(() => disk.close());
    const metrics = await startMetricsReceiver();
    stage.closeLater(() => metrics.close());
    const place = { stage, server, disk, metrics };
    const faults = [...(await readOnly(place)), ...(await full(place, lossMillis))];
    const balance = await account(place);
    const drops = Object.entries(metrics.reasons()).map(([key, count]) => [`dropped ${key}`, count]);
    const figures = { disk: disk.kind, ...Object.fromEntries(drops) };
    return { runs: 2, balance, figures, faults: [...faults, ...lossFaults(place, balance)] };
  },
};

interface Place {
  readonly stage: Stage;
  readonly server: PostgresServer;
  readonly disk: LimitedDisk;
  readonly metrics: MetricsReceiver;
}

function startApp(
  { stage, server, disk, metrics }: Place,
  load: { readonly name: string; readonly itemsPerSecond?: number },
): Child {
  // The last metrics of a process do not have what its watchdog wrote after them, and by them this fault accounts.
  const watchdog = { SPANLEDGER_WATCHDOG: 'false' };
  const env = { DATABASE_URL: server.url, SPANLEDGER_DIR: join(disk.path, 'ledger'), ...watchdog, ...metrics.env };
  return stage.startApp({ script: 'mixed-load.js', load: { lanes: 3, ...load }, env, ...disk.launch });
}

/** Nothing can be written for a while; what happened meanwhile fits into memory and is written later, so nothing is lost. */
async function readOnly(place: Place): Promise<readonly string[]> {
  const contention = watchContention();
  const { disk } = place;
  disk.forbid();
  const app = startApp(place, { name: 'read-only', itemsPerSecond: 50 });
  await app.ready;
  await after(1_500);
  const isUntouched = journalBytes(disk) === 0;
  disk.allow(app);
  await until('the journal is written', 10_000, () => journalBytes(disk) > 0);
  await after(1_000);
  app.tell({ stop: true });
  const dropped = Object.values(place.metrics.dropped()).reduce((sum, count) => sum + count, 0);
  return [
    ...unexpected('the app on a read-only disk', await app.ended, 0),
    ...(isUntouched ? [] : ['the disk was not read-only']),
    ...(dropped === 0 ? [] : [`${dropped} records were dropped though memory had room for them`]),
    ...slowCalls(app, contention.share()),
  ];
}

/**
 * The database is away and the disk fills up; then memory does, and records are dropped by class: at first slowly, so that only what
 * goes first is dropped, then until audit records are. Then there is room, and a database.
 */
async function full(place: Place, lossMillis: number): Promise<readonly string[]> {
  const contention = watchContention();
  const { server, disk, metrics, stage } = place;
  await server.kill('SIGINT');
  const app = startApp(place, { name: 'disk-full' });
  await app.ready;
  disk.fill(app);
  await until('requests are dropped', 120_000, () => metrics.dropped().request > 0);
  app.tell({ itemsPerSecond: 20 });
  await after(lossMillis);
  const options = {
    env: { DATABASE_URL: server.url, SPANLEDGER_DIR: join(disk.path, 'ledger') },
    prefix: disk.prefix,
  };
  const inTime = disk.takesSmallFiles ? await tellsOfDrops(stage, options) : [];
  const early = metrics.dropped().audit;
  app.tell({ itemsPerSecond: 0 });
  await until('audit records are dropped', 120_000, () => metrics.dropped().audit > 0);
  app.tell({ itemsPerSecond: 20 });
  disk.free(app);
  const afterwards = await tellsOfDrops(stage, options);
  await server.restart();
  const books = await compareBooks(stage, { options, apps: [app], metrics });
  app.tell({ stop: true });
  const ended = await app.ended;
  const shipped = await stage.run(['ship'], options);
  const told = await stage.run(['logs', '--event', 'ledger.dropped'], options);
  return [
    ...unexpected('the app on a full disk', ended, 0),
    ...unexpected('spanledger ship', shipped, 0),
    ...inTime,
    ...afterwards,
    ...books,
    ...(early === 0 ? [] : [`${early} audit records were dropped while others could have been`]),
    ...(lossPattern.test(told.stdout) ? [] : [`the ledger does not tell of drops: ${told.stdout}${told.stderr}`]),
    ...slowCalls(app, contention.share()),
  ];
}

/** The heartbeats that it reads come every five seconds. */
const heartbeatMillis = 15_000;

async function tellsOfDrops(stage: Stage, options: LaunchOptions): Promise<readonly string[]> {
  let said = '';
  const tells = async () => {
    said = (await stage.run(['doctor'], options)).stdout;
    return lossPattern.test(said);
  };
  return until('doctor tells of drops', heartbeatMillis, tells).then(
    () => [],
    () => [`doctor does not tell of drops: ${said}`],
  );
}

function journalBytes({ pathFromHere }: LimitedDisk): number {
  const journal = join(pathFromHere, 'ledger', 'journal');
  if (!existsSync(journal)) return 0;
  const files = readdirSync(journal, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.log'));
  return files.reduce((sum, name) => sum + statSync(join(journal, name)).size, 0);
}

const lossPattern = /dropped \d+ request records \(disk-full\)/;

function slowCalls(app: Child, share: number): readonly string[] {
  const slowest = Math.max(...app.windows.map(({ max }) => max));
  return slowest <= mostCallMillis * patience(share)
    ? []
    : [`a call took ${Math.round(slowest)} ms while the disk refused`];
}

function account({ stage, server, disk, metrics }: Place): Promise<Balance> {
  return accounting({
    url: server.url,
    directories: [join(disk.pathFromHere, 'ledger')],
    acknowledged: stage.acknowledged(),
    appended: metrics.appended(),
    dropped: metrics.dropped(),
  });
}

/** Requests go before progress, audit last; and the app's own count of requests agrees with what the journal says it dropped. */
function lossFaults({ stage, metrics }: Place, { classes }: Balance): readonly string[] {
  const { stored, dropped } = classes.request;
  const requests = stage.acknowledged().filter((key) => key.startsWith('request ')).length;
  const first = metrics.firstDrops();
  return [
    ...(requests === stored + dropped
      ? []
      : [`of ${requests} requests ${stored} are stored and ${dropped} are said to be dropped`]),
    ...(first.request <= first.progress && first.progress <= first.audit && Number.isFinite(first.audit)
      ? []
      : [`classes were dropped in another order: ${JSON.stringify(first)}`]),
  ];
}

function after(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}

if (process.argv[1] === import.meta.filename) await runAlone(diskFull);
