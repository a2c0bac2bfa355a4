import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PostgresServer } from '../harness/postgres-server.ts';
import { accounting, type Balance } from './accounting.ts';
import type { Child } from './child.ts';
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
  small: { mebibytes: 8, lossMillis: 6_000 },
  full: { mebibytes: 64, lossMillis: 20_000 },
  async run(stage, { mebibytes, lossMillis }) {
    const server = await stage.startServer();
    const disk = await startLimitedDisk(stage.directory, `size=${mebibytes}m`);
    stage.closeLater(() => disk.close());
    const metrics = await startMetricsReceiver();
    stage.closeLater(() => metrics.close());
    const place = { stage, server, disk, metrics };
    const faults = [...(await readOnly(place)), ...(await full(place, lossMillis))];
    const balance = await account(place);
    const figures = Object.fromEntries(
      Object.entries(metrics.reasons()).map(([key, count]) => [`dropped ${key}`, count]),
    );
    return { runs: 2, balance, figures, faults: [...faults, ...lossFaults(balance, stage.acknowledged())] };
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
  const env = { DATABASE_URL: server.url, SPANLEDGER_DIR: join(disk.path, 'ledger'), ...metrics.env };
  return stage.startApp({ script: 'mixed-load.js', load: { lanes: 3, ...load }, env, prefix: disk.prefix });
}

/** Nothing can be written for a while; what happened meanwhile fits into memory and is written later, so nothing is lost. */
async function readOnly(place: Place): Promise<readonly string[]> {
  const { disk } = place;
  disk.remount('ro');
  const app = startApp(place, { name: 'read-only', itemsPerSecond: 50 });
  await app.ready;
  await after(1_500);
  const isUntouched = !existsSync(join(disk.pathFromHere, 'ledger'));
  disk.remount('rw');
  await until('the journal is written', 10_000, () => existsSync(join(disk.pathFromHere, 'ledger', 'journal')));
  await after(1_000);
  app.tell({ stop: true });
  const dropped = Object.values(place.metrics.dropped()).reduce((sum, count) => sum + count, 0);
  return [
    ...unexpected('the app on a read-only disk', await app.ended, 0),
    ...(isUntouched ? [] : ['the disk was not read-only']),
    ...(dropped === 0 ? [] : [`${dropped} records were dropped though memory had room for them`]),
    ...slowCalls(app),
  ];
}

/** The database is away and the disk fills up; then memory does, and records are dropped by class. Then there is room, and a database. */
async function full(place: Place, lossMillis: number): Promise<readonly string[]> {
  const { server, disk, metrics, stage } = place;
  await server.kill('SIGINT');
  const app = startApp(place, { name: 'disk-full' });
  await app.ready;
  await until('requests are dropped', 120_000, () => metrics.dropped().request > 0);
  // Slowly from here on: only what goes first is to be dropped.
  app.tell({ itemsPerSecond: 20 });
  await after(lossMillis);
  const options = {
    env: { DATABASE_URL: server.url, SPANLEDGER_DIR: join(disk.path, 'ledger') },
    prefix: disk.prefix,
  };
  const doctor = await stage.run(['doctor'], options);
  disk.remount('size=1g');
  await server.restart();
  app.tell({ stop: true });
  const ended = await app.ended;
  const shipped = await stage.run(['ship'], options);
  const told = await stage.run(['logs', '--event', 'ledger.dropped'], options);
  return [
    ...unexpected('the app on a full disk', ended, 0),
    ...unexpected('spanledger ship', shipped, 0),
    ...(lossPattern.test(doctor.stdout) ? [] : [`doctor does not tell of drops: ${doctor.stdout}`]),
    ...(lossPattern.test(told.stdout) ? [] : [`the ledger does not tell of drops: ${told.stdout}${told.stderr}`]),
    ...slowCalls(app),
  ];
}

const lossPattern = /dropped \d+ request records \(disk-full\)/;

function slowCalls(app: Child): readonly string[] {
  const slowest = Math.max(...app.windows.map(({ max }) => max));
  return slowest <= mostCallMillis ? [] : [`a call took ${Math.round(slowest)} ms while the disk refused`];
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
function lossFaults({ classes }: Balance, acknowledged: readonly string[]): readonly string[] {
  const { request, progress, audit } = classes;
  const requests = acknowledged.filter((key) => key.startsWith('request ')).length;
  return [
    ...(requests === request.stored + request.dropped
      ? []
      : [`of ${requests} requests ${request.stored} are stored and ${request.dropped} are said to be dropped`]),
    ...(audit.dropped === 0
      ? []
      : [`${audit.dropped} audit records were dropped, with ${progress.stored} progress records kept`]),
    ...(request.dropped > 0 ? [] : ['nothing was dropped, so nothing was tested; make the loss longer']),
  ];
}

function after(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}

if (process.argv[1] === import.meta.filename) await runAlone(diskFull);
