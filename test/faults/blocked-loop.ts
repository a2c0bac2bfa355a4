import pg from 'pg';
import { accountFaults, askDoctor } from './books.ts';
import type { Child } from './child.ts';
import { patience, watchContention } from './contention.ts';
import { type Fault, runAlone } from './fault.ts';
import { settle } from './settlement.ts';
import type { Stage } from './stage.ts';
import { until } from './until.ts';
import type { Witness } from './witness.ts';

/**
 * The longest time after which what happened last must be in the database, though the main thread never comes back. It holds as it is
 * on a machine that has the time, and is longer by the usual factor where processes wait for a processor; the report tells for how much
 * of the time they did, and how many runs kept the limit as it is.
 */
const mostMillis = 1_000;

/** The main thread enters `while (true)` right after a transition or the start of a step; then the app is killed. */
export const blockedLoop: Fault<{ runs: number }> = {
  name: 'blocked-loop',
  brief: 'the main thread blocks for ever right after a transition or a step start, then kill -9',
  small: { runs: 4 },
  full: { runs: 50 },
  async run(stage, { runs }, random) {
    const server = await stage.startServer();
    const witness = stage.watchJournal();
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    stage.closeLater(() => client.end());
    const faults: string[] = [];
    const times: number[] = [];
    const shares: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const last = random.pick<Block['last']>(['transition', 'step']);
      const { millis, share, books } = await visibleAfter(stage, client, {
        name: `run-${run}`,
        last,
        url: server.url,
        witness,
        // It takes several seconds.
        comparesBooks: run === runs - 1,
      });
      times.push(millis);
      shares.push(share);
      faults.push(...books);
      if (millis > mostMillis * patience(share))
        faults.push(
          `run ${run}: the last ${last} was visible only after ${Math.round(millis)} ms, with a CPU pressure of ${percent(share)} %`,
        );
    }
    const settled = await settle(stage, { url: server.url, witness });
    times.sort((one, other) => one - other);
    const figures = {
      visibleMedianMillis: Math.round(times[Math.floor(times.length / 2)] ?? 0),
      visibleMaxMillis: Math.round(times.at(-1) ?? 0),
      withinASecond: times.filter((millis) => millis <= mostMillis).length,
      pressureMaxPercent: percent(Math.max(0, ...shares)),
    };
    return { runs, balance: settled.balance, figures, faults: [...faults, ...settled.faults] };
  },
};

function percent(share: number): number {
  return Math.round(share * 100);
}

interface Block {
  readonly name: string;
  readonly last: 'transition' | 'step';
  readonly url: string;
  readonly witness: Witness;
  readonly comparesBooks: boolean;
}

const lastRow = {
  transition: `select from spanledger.audit_log where session_id = $1 and to_state = 'checking'`,
  step: `select from spanledger.task_progress where session_id = $1 and step_name = 'read' and status = 'START'`,
};

/** Time from the block to the row; the app is killed then. */
async function visibleAfter(stage: Stage, client: pg.Client, block: Block) {
  const { name, last, url } = block;
  const app = stage.startApp({ script: 'blocked-loop.js', load: { name, last }, env: { DATABASE_URL: url } });
  const isBlocked = () => /blocked (\d+)/.exec(app.output.stdout)?.[1];
  await until(`${name} blocks`, 20_000, () => isBlocked() !== undefined);
  const blockedAt = Number(isBlocked());
  const contention = watchContention();
  const isVisible = async () => (await client.query(lastRow[last], [name])).rowCount === 1;
  await until(`the last ${last} of ${name} is visible`, 20_000, isVisible);
  const millis = Date.now() - blockedAt;
  const share = contention.share();
  const books = block.comparesBooks ? await booksOfBlocked(stage, client, app, block) : [];
  app.kill('SIGKILL');
  await app.ended;
  return { millis, share, books };
}

const heartbeatMillis = 15_000;

/** While its main thread blocks a process still tells its account, through the thread that ships; its metrics stand still. */
async function booksOfBlocked(stage: Stage, client: pg.Client, app: Child, { url, witness }: Block) {
  let found: readonly string[] = [];
  const agree = async () => {
    const { rows } = await client.query('select instance_id from spanledger.instances where pid = $1', [app.pid]);
    const instance = String(rows[0]?.instance_id);
    found = accountFaults(instance, await askDoctor(stage, { env: { DATABASE_URL: url } }), witness);
    return found.length === 0;
  };
  return until('doctor tells of all that was written', heartbeatMillis, agree).then(
    () => [],
    () => found,
  );
}

if (process.argv[1] === import.meta.filename) await runAlone(blockedLoop);
