import { appendFileSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ownerFileName } from '../../src/journal/layout.ts';
import { lostAfterMillis } from '../../src/journal/liveness.ts';
import { waitingRecords } from './accounting.ts';
import { askDoctor } from './books.ts';
import { type Fault, runAlone } from './fault.ts';
import type { SeededRandom } from './seeded-random.ts';
import { settle } from './settlement.ts';
import type { Stage } from './stage.ts';

/** The app is killed at random moments; the next run of it, or `spanledger ship`, delivers what it left. */
export const killNine: Fault<{ runs: number; upToMillis: number }> = {
  name: 'kill-9',
  brief: 'the app is killed at random moments under mixed load, and so are its worker threads',
  small: { runs: 8, upToMillis: 1500 },
  full: { runs: 200, upToMillis: 1500 },
  async run(stage, { runs, upToMillis }, random) {
    const server = await stage.startServer();
    const witness = stage.watchJournal();
    const env = { DATABASE_URL: server.url };
    let torn = 0;
    let name = '';
    const faults: string[] = [];
    for (let run = 0; run < runs; run += 1) {
      // Some runs take up the session that the one before has left open.
      if (run === 0 || random.next() < 0.7) name = `run-${run}`;
      const app = stage.startApp({
        script: 'mixed-load.js',
        load: { name, lanes: random.between(1, 4), ...threadsOf(random) },
        env,
      });
      // Some runs end while the app still starts.
      if (random.next() < 0.9) await app.ready;
      await sleep(random.between(0, upToMillis));
      app.kill('SIGKILL');
      const { code, signal } = await app.ended;
      if (signal !== 'SIGKILL')
        faults.push(`run ${run} ended by itself with ${code}: ${app.output.stderr.slice(0, 300)}`);
      if (random.next() < 0.3) torn += tear(stage.ledger, random);
      if (random.next() < 0.3) await stage.run(['ship'], { env });
    }
    faults.push(...(await countedByDoctor(stage, server.url)));
    const settled = await settle(stage, { url: server.url, witness });
    faults.push(...settled.faults, ...(await leftBehind(stage, server.url)));
    return { runs, balance: settled.balance, figures: { torn, inThreads: acknowledgedInThreads(stage) }, faults };
  },
};

/** Some runs have worker threads, which are ended at random moments as well. */
function threadsOf(random: SeededRandom): { readonly threads: number; readonly terminateMillis: number } {
  const threads = random.next() < 0.5 ? 0 : random.between(1, 2);
  return { threads, terminateMillis: random.between(400, 1_500) };
}

function acknowledgedInThreads(stage: Stage): number {
  return stage.acknowledged().filter((line) => line.includes('-thread')).length;
}

/** What the dead have left is counted by `doctor`, to the record, torn lines left out. */
async function countedByDoctor(stage: Stage, url: string): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { length } = await waitingRecords(client, [stage.ledger]);
    const { backlog } = await askDoctor(stage, { env: { DATABASE_URL: url } });
    return backlog === length ? [] : [`${length} records wait, and doctor tells of ${backlog}`];
  } finally {
    await client.end();
  }
}

/**
 * Journals that `ship` leaves although their process is dead. One that was killed before it had said who it is has nothing to ship, and
 * counts as dead when it has given no sign for a while.
 */
async function leftBehind(stage: Stage, url: string): Promise<readonly string[]> {
  const left = journalsOf(stage.ledger);
  if (left.length === 0) return [];
  if (left.every(({ files }) => !files.includes(ownerFileName) && !files.some((name) => name.endsWith('.log')))) {
    await sleep(lostAfterMillis + 1_000);
    await stage.run(['ship'], { env: { DATABASE_URL: url } });
  }
  return journalsOf(stage.ledger).map(({ name, files }) => `journal ${name} was left behind with [${files}]`);
}

function journalsOf(ledger: string): readonly { readonly name: string; readonly files: readonly string[] }[] {
  const root = join(ledger, 'journal');
  if (!existsSync(root)) return [];
  return readdirSync(root).map((name) => ({ name, files: readdirSync(join(root, name)) }));
}

/** What a write leaves that the kernel had done in part: the beginning of a frame that nobody was told of. */
function tear(ledger: string, random: SeededRandom): number {
  const [path] = unended(ledger);
  if (path === undefined) return 0;
  const frame = `0badc0de {"type":"event","at":1,"traceId":"${'0'.repeat(31)}1","event":"torn","message":"torn"}\n`;
  appendFileSync(path, frame.slice(0, random.between(1, frame.length - 1)));
  return 1;
}

/** The last segment of each journal. All writers are dead; one that was killed as it began has not even a directory. */
function unended(ledger: string): readonly string[] {
  const journal = join(ledger, 'journal');
  if (!existsSync(journal)) return [];
  return readdirSync(journal).flatMap((instance) => {
    const last = readdirSync(join(journal, instance))
      .filter((name) => name.endsWith('.log'))
      .sort()
      .at(-1);
    return last === undefined ? [] : [join(journal, instance, last)];
  });
}

if (process.argv[1] === import.meta.filename) await runAlone(killNine);
