import pg from 'pg';
import { watchContention } from './contention.ts';
import { type Fault, runAlone } from './fault.ts';
import { settle } from './settlement.ts';
import type { Stage } from './stage.ts';
import { until } from './until.ts';

/**
 * The longest time after which what happened last must be in the database, though the main thread never comes back. Time in which
 * processes waited for a processor is not counted: others may use this machine.
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
    const stalls: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const last = random.pick<Block['last']>(['transition', 'step']);
      const { millis, stalledMillis } = await visibleAfter(stage, client, {
        name: `run-${run}`,
        last,
        url: server.url,
      });
      times.push(millis);
      stalls.push(stalledMillis);
      if (millis > mostMillis + stalledMillis)
        faults.push(
          `run ${run}: the last ${last} was visible only after ${Math.round(millis)} ms, ${Math.round(stalledMillis)} of them stalled`,
        );
    }
    const settled = await settle(stage, { url: server.url, witness });
    times.sort((one, other) => one - other);
    const figures = {
      visibleMedianMillis: Math.round(times[Math.floor(times.length / 2)] ?? 0),
      visibleMaxMillis: Math.round(times.at(-1) ?? 0),
      stalledMaxMillis: Math.round(Math.max(0, ...stalls)),
    };
    return { runs, balance: settled.balance, figures, faults: [...faults, ...settled.faults] };
  },
};

interface Block {
  readonly name: string;
  readonly last: 'transition' | 'step';
  readonly url: string;
}

const lastRow = {
  transition: `select from spanledger.audit_log where session_id = $1 and to_state = 'checking'`,
  step: `select from spanledger.task_progress where session_id = $1 and step_name = 'read' and status = 'START'`,
};

/** Time from the block to the row; the app is killed then. */
async function visibleAfter(stage: Stage, client: pg.Client, { name, last, url }: Block) {
  const contention = watchContention();
  const app = stage.startApp({ script: 'blocked-loop.js', load: { name, last }, env: { DATABASE_URL: url } });
  const isBlocked = () => /blocked (\d+)/.exec(app.output.stdout)?.[1];
  await until(`${name} blocks`, 20_000, () => isBlocked() !== undefined);
  const blockedAt = Number(isBlocked());
  const stalledBefore = contention.stalledMillis();
  const isVisible = async () => (await client.query(lastRow[last], [name])).rowCount === 1;
  await until(`the last ${last} of ${name} is visible`, 20_000, isVisible);
  const millis = Date.now() - blockedAt;
  const stalledMillis = contention.stalledMillis() - stalledBefore;
  app.kill('SIGKILL');
  await app.ended;
  return { millis, stalledMillis };
}

if (process.argv[1] === import.meta.filename) await runAlone(blockedLoop);
