import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { frameText } from '../../src/journal/frame.ts';
import { askDoctor } from './books.ts';
import { type Fault, runAlone } from './fault.ts';
import { settle, unexpected } from './settlement.ts';
import type { Stage } from './stage.ts';
import { until } from './until.ts';

const clockBack = new URL('./apps/clock-back.js', import.meta.url).href;

/** Seconds by which `doctor` may err about a clock: a busy machine takes its time between two looks. */
const mostSkewError = 5;

/** Several processes find the same journal of a dead one; its process id belongs to somebody else by now; clocks are wrong. */
export const adoption: Fault<{ rounds: number; items: number }> = {
  name: 'adoption',
  brief: 'several shippers adopt the same orphan; its pid is in use again; a clock is set back one hour',
  small: { rounds: 1, items: 300 },
  full: { rounds: 10, items: 3_000 },
  async run(stage, { rounds, items }) {
    const server = await stage.startServer();
    const witness = stage.watchJournal();
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    stage.closeLater(() => client.end());
    const place = { stage, url: server.url, items };
    const faults: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      faults.push(...(await sharedOrphan(place, round)), ...(await recycledPid(place, round)));
      faults.push(...(await clockSetBack(place, client, round)));
    }
    const settled = await settle(stage, { url: server.url, witness, clockWasSetBack: true });
    const { rows } = await client.query(
      'select deadlocks::int from pg_stat_database where datname = current_database()',
    );
    const left = readdirSync(join(stage.ledger, 'journal'));
    return {
      runs: 3 * rounds,
      balance: settled.balance,
      figures: { deadlocksRetried: rows[0].deadlocks },
      faults: [
        ...faults,
        ...settled.faults,
        ...(left.length === 0 ? [] : [`${left.length} journals were left behind`]),
      ],
    };
  },
};

interface Place {
  readonly stage: Stage;
  readonly url: string;
  readonly items: number;
}

/** Two command lines and an app that has just started want the same journal at the same moment; one of them has its clock an hour back. */
async function sharedOrphan({ stage, url, items }: Place, round: number): Promise<readonly string[]> {
  await leaveOrphan(stage, `shared-${round}`, items);
  const env = { DATABASE_URL: url };
  const app = stage.startApp({ script: 'mixed-load.js', load: { name: `adopter-${round}`, items: 20 }, env });
  const commands = [stage.start(['ship'], { env }), stage.start(['ship'], { env, flags: ['--import', clockBack] })];
  const ends = await Promise.all(commands.map(({ ended }) => ended));
  return [
    ...ends.flatMap((end) => unexpected('spanledger ship', end, 0)),
    ...unexpected('the app', await app.ended, 0),
  ];
}

/** The process id of a dead writer belongs to a living process that is somebody else: what it left is an orphan all the same. */
async function recycledPid({ stage, url, items }: Place, round: number): Promise<readonly string[]> {
  const path = await leaveOrphan(stage, `recycled-${round}`, items);
  const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  try {
    usePid(path, stranger.pid ?? 0);
    const app = stage.startApp({
      script: 'mixed-load.js',
      load: { name: `heir-${round}`, itemsPerSecond: 20 },
      env: { DATABASE_URL: url },
    });
    await app.ready;
    const isGone = () => !readdirSync(join(stage.ledger, 'journal')).some((name) => path.endsWith(name));
    const isAdopted = await until('the orphan is adopted', 20_000, isGone).then(
      () => true,
      () => false,
    );
    app.tell({ stop: true });
    return [
      ...unexpected('the app', await app.ended, 0),
      ...(isAdopted ? [] : [`an orphan whose pid is in use again was not adopted: ${app.output.stderr}`]),
    ];
  } finally {
    stranger.kill('SIGKILL');
  }
}

/** A session is left open by a killed process and taken up by one whose clock is an hour behind; every row moves on all the same. */
async function clockSetBack({ stage, url }: Place, client: pg.Client, round: number): Promise<readonly string[]> {
  const name = `clock-${round}`;
  const env = { DATABASE_URL: url };
  const first = stage.startApp({ script: 'mixed-load.js', load: { name, lanes: 3, itemsPerSecond: 100 }, env });
  await first.ready;
  await until('some items have ended', 20_000, () => (first.windows.at(-1)?.ended ?? 0) >= 30);
  first.tell({ skew: -3_600_000 });
  const before = first.windows.at(-1)?.ended ?? 0;
  await until('some more have ended', 20_000, () => (first.windows.at(-1)?.ended ?? 0) >= before + 30);
  first.kill('SIGKILL');
  await first.ended;
  const items = (first.windows.at(-1)?.ended ?? 0) + 20;
  const second = stage.startApp({
    script: 'mixed-load.js',
    load: { name, lanes: 3, items },
    env,
    flags: ['--import', clockBack],
  });
  const faults = unexpected('the app whose clock is back', await second.ended, 0);
  await stage.run(['ship'], { env });
  const doctor = await askDoctor(stage, { env, flags: ['--import', clockBack] });
  const skew = Math.round(Number(doctor.about('clock')?.figures?.offset_seconds));
  const { rows } = await client.query(
    `select s.state, s.ended_at is not null as has_ended,
       (select count(*)::int from spanledger.import_items i where i.session_id = s.id and i.ended_at is null) as open
     from spanledger.import_sessions s where id = $1`,
    [name],
  );
  const [row] = rows;
  const isWell = row?.state === 'imported' && row.has_ended && row.open === 0;
  return [
    ...faults,
    ...(Math.abs(skew - 3_600) <= mostSkewError && doctor.about('clock')?.status === 'finding'
      ? []
      : [`the clock is an hour behind, and doctor says: ${doctor.about('clock')?.message}`]),
    ...(isWell ? [] : [`the session whose clock went back stands as ${JSON.stringify(row)}`]),
  ];
}

/** Runs an app that only journals, kills it in the middle of its work and answers its journal's directory. */
async function leaveOrphan(stage: Stage, name: string, items: number): Promise<string> {
  const journal = join(stage.ledger, 'journal');
  const env = { DATABASE_URL: 'postgres://nobody:none@127.0.0.1:1/none', SPANLEDGER_SHIP: 'false' };
  const app = stage.startApp({ script: 'mixed-load.js', load: { name, lanes: 3 }, env });
  await app.ready;
  await until('the orphan has done its work', 60_000 + items * 100, () => (app.windows.at(-1)?.ended ?? 0) >= items);
  app.kill('SIGKILL');
  await app.ended;
  const path = readdirSync(journal)
    .map((instance) => join(journal, instance))
    .find((directory) => pidOf(directory) === app.pid);
  if (path === undefined) throw new Error(`${name} left no journal.`);
  return path;
}

function pidOf(directory: string): number {
  return JSON.parse(readFileSync(join(directory, 'owner.json'), 'utf8')).owner.pid;
}

/** Writes another process id wherever the journal says who wrote it, as if the system had given it again. */
function usePid(directory: string, pid: number): void {
  const rename = (json: string) => {
    const header = JSON.parse(json);
    return JSON.stringify({ ...header, owner: { ...header.owner, pid } });
  };
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (name === 'owner.json') writeFileSync(path, `${rename(readFileSync(path, 'utf8'))}\n`);
    if (!name.endsWith('.log')) continue;
    const bytes = readFileSync(path);
    const end = bytes.indexOf('\n');
    const header = frameText(rename(bytes.toString('utf8', 'deadbeef '.length, end)));
    writeFileSync(path, Buffer.concat([header, bytes.subarray(end + 1)]));
  }
}

if (process.argv[1] === import.meta.filename) await runAlone(adoption);
