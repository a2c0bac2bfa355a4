import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { askDoctor } from './books.ts';
import type { Child } from './child.ts';
import { type Fault, runAlone } from './fault.ts';
import { settle, unexpected } from './settlement.ts';
import type { Stage } from './stage.ts';
import { until } from './until.ts';

const mebibyte = 1024 ** 2;
const gibibyte = 1024 ** 3;
/** An item of the load makes this many records, its claim, transitions and steps included. */
const recordsPerItem = 16;
/** What the command line may take, however long the journal is. */
const mostCommandMebibytes = 350;
/** By how much the app may grow while the database is away. */
const mostGrowthMebibytes = 120;
/** What is shipped within the first second is over before anybody asks how far it is: only a long journal must tell its progress. */
const longRecords = 1_000_000;
const leastProgressLines = 5;

/** The database is away for so long that millions of records wait; then they are shipped by hand, with an interruption. */
export const longOutage: Fault<{ records: number }> = {
  name: 'long-outage',
  brief: 'a long journal is shipped after an outage, interrupted by kill -9 on the way',
  small: { records: 60_000 },
  full: { records: 5_000_000 },
  async run(stage, { records }, random) {
    const server = await stage.startServer();
    const witness = stage.watchJournal();
    const env = { DATABASE_URL: server.url, SPANLEDGER_JOURNAL_MAX_BYTES: String(8 * gibibyte) };
    await server.kill('SIGINT');
    const load = { name: 'long-outage', items: Math.ceil(records / recordsPerItem), lanes: 3 };
    const app = stage.startApp({ script: 'mixed-load.js', load, env });
    const ended = await app.ended;
    const settledRss = app.windows[Math.floor(app.windows.length / 4)]?.rssBytes ?? 0;
    const growth = Math.round((Math.max(...app.windows.map(({ rssBytes }) => rssBytes)) - settledRss) / mebibyte);
    const outage = await askDoctor(stage, { env });
    const written = journalBytes(stage.ledger);
    await server.restart();
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    stage.closeLater(() => client.end());
    const begin = performance.now();
    const share = random.between(20, 70) / 100;
    const first = await interrupted(stage, client, { env, records: Math.floor(records * share) });
    const second = await watched(stage.start(['ship'], { env }));
    const seconds = (performance.now() - begin) / 1000;
    const settled = await settle(stage, { url: server.url, witness });
    const { backlog } = await askDoctor(stage, { env });
    const shown = [...second.end.stderr.matchAll(/shipping (\d+) %/g)].map(([, share]) => Number(share));
    const most = Math.max(first.mebibytes, second.mebibytes);
    return {
      runs: 2,
      balance: settled.balance,
      figures: {
        storedAtKill: first.stored,
        recordsPerSecond: Math.round(settled.balance.stored / seconds),
        commandMebibytes: most,
        appGrowthMebibytes: growth,
        progressShown: shown.length,
      },
      faults: [
        ...unexpected('the app', ended, 0),
        ...unexpected('spanledger ship', second.end, 0),
        ...settled.faults,
        ...(outage.code === 3 && outage.about('backlog')?.figures?.bytes === written
          ? []
          : [`${written} bytes wait, and doctor says: ${outage.about('backlog')?.message}`]),
        ...(backlog === 0 ? [] : [`everything is shipped, and doctor tells of ${backlog} records that wait`]),
        ...(first.stored > 0 ? [] : ['nothing was stored before the interruption, so nothing was resumed']),
        ...((records < longRecords || shown.length >= leastProgressLines) &&
        shown.every((share, n) => n === 0 || share >= (shown[n - 1] ?? 0))
          ? []
          : [`spanledger ship shows as its progress: ${second.end.stderr.slice(0, 200)}`]),
        ...(most <= mostCommandMebibytes ? [] : [`spanledger ship took ${most} MiB`]),
        ...(growth <= mostGrowthMebibytes ? [] : [`the app grew by ${growth} MiB while the database was away`]),
      ],
    };
  },
};

interface Interruption {
  readonly env: Readonly<Record<string, string>>;
  /** Killed when about so many records are stored. */
  readonly records: number;
}

async function interrupted(stage: Stage, client: pg.Client, { env, records }: Interruption) {
  const command = stage.start(['ship'], { env });
  const stored = async () => {
    const { rows } = await client.query('select coalesce(sum(records), 0)::int as n from spanledger.shipments');
    return rows[0].n;
  };
  const watch = watched(command);
  await until('a part is stored', 600_000 + records, async () => (await stored()) >= records);
  command.kill('SIGKILL');
  const { mebibytes } = await watch;
  return { mebibytes, stored: await stored() };
}

/** Waits for the end of a process and answers the most memory that it held. */
async function watched(command: Child) {
  let mebibytes = 0;
  const timer = setInterval(() => {
    mebibytes = Math.max(mebibytes, residentMebibytes(command.pid));
  }, 50);
  const end = await command.ended;
  clearInterval(timer);
  return { end, mebibytes };
}

function journalBytes(ledger: string): number {
  const journal = join(ledger, 'journal');
  const files = readdirSync(journal, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.log'));
  return files.reduce((sum, name) => sum + statSync(join(journal, name)).size, 0);
}

function residentMebibytes(pid: number): number {
  try {
    const [, kibibytes = '0'] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Math.round(Number(kibibytes) / 1024);
  } catch {
    return 0;
  }
}

if (process.argv[1] === import.meta.filename) await runAlone(longOutage);
