import pg from 'pg';
import { classOf, type RecordClass, recordClasses } from '../../src/projection/record.ts';
import type { Counts } from './accounting.ts';
import type { Child, LaunchOptions } from './child.ts';
import type { MetricsReceiver } from './metrics-receiver.ts';
import type { Stage } from './stage.ts';
import { until } from './until.ts';
import type { Witness } from './witness.ts';

/** A line of `spanledger doctor --json`. */
export interface Told {
  readonly subject: string;
  readonly status: 'ok' | 'finding';
  readonly message: string;
  readonly figures?: Readonly<Record<string, unknown>>;
}

/** What `spanledger doctor` says of the ledger as it stands. */
export interface DoctorsBooks {
  readonly code: number | null;
  readonly lines: readonly Told[];
  /** What each process says of its records. */
  readonly accounts: ReadonlyMap<string, Account>;
  /** Records in the journals that are not shipped; `undefined` where there are too many to count. */
  readonly backlog: number | undefined;
  readonly deadLetters: number;
  about(subject: string): Told | undefined;
}

interface Account {
  readonly produced: Counts;
  readonly appended: Counts;
  readonly waiting: Counts;
  /** By class, then by reason. */
  readonly dropped: Readonly<Record<RecordClass, Readonly<Record<string, number>>>>;
}

export async function askDoctor(stage: Stage, options: LaunchOptions): Promise<DoctorsBooks> {
  const { stdout, stderr, code } = await stage.run(['doctor', '--json'], options);
  const lines = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Told);
  if (lines.length === 0) throw new Error(`spanledger doctor said nothing: ${stderr}`);
  // A finding first: where one subject has several lines, it is what matters.
  const about = (subject: string) =>
    lines.find((line) => line.subject === subject && line.status === 'finding') ??
    lines.find((line) => line.subject === subject);
  const backlog = about('backlog')?.figures?.records;
  return {
    code,
    lines,
    accounts: new Map(Object.entries((about('account')?.figures ?? {}) as Readonly<Record<string, Account>>)),
    backlog: typeof backlog === 'number' ? backlog : undefined,
    deadLetters: Number(about('dead letters')?.figures?.records ?? Number.NaN),
    about,
  };
}

export interface BooksOptions {
  /** How `doctor` is run. */
  readonly options: LaunchOptions;
  /** Processes that send their metrics there; each is held while the books are compared. */
  readonly apps: readonly Child[];
  readonly metrics: MetricsReceiver;
  /** What went into the journals, told without the code that is under test. */
  readonly witness?: Witness;
  /** The database answers, so that all comes to rest: nothing waits any more. Default true. */
  readonly isDelivering?: boolean;
  /** The database, where nobody but these apps has shipped to it: what it stored and refused is the sum of what they say. */
  readonly url?: string;
  /** What else must be so, in sentences about what is not. */
  readonly expects?: (doctor: DoctorsBooks) => readonly string[];
}

/** Heartbeats come every five seconds, and `doctor` is a process that has to start. */
const settleMillis = 30_000;

/**
 * While its apps hold still, `doctor`, the metrics and the journals themselves must tell the same of every class and every process:
 * produced = appended + dropped + waiting, the number of appended records is that of the lines that were written, and what was appended
 * is shipped, refused, or counted as waiting.
 */
export async function compareBooks(stage: Stage, books: BooksOptions): Promise<readonly string[]> {
  for (const app of books.apps) app.tell({ hold: true });
  let found: readonly string[] = [];
  try {
    await until('doctor and metrics tell the same', settleMillis, async () => {
      found = await differences(stage, books);
      return found.length === 0;
    });
    return [];
  } catch {
    return found.map((line) => `the books differ: ${line}`);
  } finally {
    for (const app of books.apps) app.tell({ hold: false });
  }
}

async function differences(stage: Stage, books: BooksOptions): Promise<readonly string[]> {
  const { options, metrics, witness, apps, isDelivering = true, url, expects = () => [] } = books;
  const doctor = await askDoctor(stage, options);
  const stored = url === undefined ? undefined : await shipments(url);
  const known = metrics.instances().filter((instance) => doctor.accounts.has(instance));
  const told = known.map((instance) => metrics.of(instance));
  const total = (name: 'shipped' | 'refused' | 'backlog') => told.reduce((sum, one) => sum + one[name], 0);
  return [
    ...differ('processes with books', known.length, apps.length),
    ...known.flatMap((instance) => differencesOf(instance, doctor, metrics, witness)),
    ...(isDelivering ? differ('records that wait, by doctor', doctor.backlog, 0) : []),
    ...(isDelivering ? differ('records that wait, by metrics', total('backlog'), 0) : []),
    ...(isDelivering || doctor.backlog === undefined || doctor.backlog > 0 ? [] : ['nothing waits, says doctor']),
    ...(stored === undefined
      ? []
      : differ('records shipped, by database and metrics', stored.records, total('shipped'))),
    ...(stored === undefined
      ? []
      : differ('records refused, by database and metrics', stored.letters, total('refused'))),
    ...expects(doctor),
  ];
}

async function shipments(url: string): Promise<{ readonly records: number; readonly letters: number }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query(
      'select coalesce(sum(records), 0)::int as records, coalesce(sum(dead_letters), 0)::int as letters from spanledger.shipments',
    );
    return rows[0];
  } finally {
    await client.end();
  }
}

/** One process, told of by its metrics and by `doctor`. */
function differencesOf(
  instance: string,
  doctor: DoctorsBooks,
  metrics: MetricsReceiver,
  witness: Witness | undefined,
): readonly string[] {
  const account = doctor.accounts.get(instance);
  if (account === undefined) return [`doctor has no account of ${instance}`];
  const told = metrics.of(instance);
  const differences = recordClasses.flatMap((name) => [
    ...differ(`${name} records produced, by doctor and metrics`, account.produced[name], told.produced[name]),
    ...differ(`${name} records appended, by doctor and metrics`, account.appended[name], told.appended[name]),
    ...differ(`${name} records dropped, by doctor and metrics`, droppedOf(account, name), told.dropped[name]),
    ...differ(`${name} records waiting, by doctor and metrics`, account.waiting[name], told.waiting[name]),
  ]);
  return [...differences, ...accountFaults(instance, doctor, witness)];
}

/** What `doctor` tells of a process, held against its own sum and against the lines in its journal. */
export function accountFaults(
  instance: string,
  { accounts }: DoctorsBooks,
  witness: Witness | undefined,
): readonly string[] {
  const account = accounts.get(instance);
  if (account === undefined) return [`doctor has no account of ${instance}`];
  const written = witness === undefined ? undefined : countsOf(witness.recordsOf(instance));
  return recordClasses.flatMap((name) => {
    const places = account.appended[name] + account.waiting[name] + droppedOf(account, name);
    return [
      ...differ(`${name} records produced, and the sum of their places`, account.produced[name], places),
      ...(written === undefined
        ? []
        : differ(`${name} records appended, and lines in the journal`, account.appended[name], written[name])),
    ];
  });
}

function droppedOf({ dropped }: Account, name: RecordClass): number {
  return Object.values(dropped[name]).reduce((sum, count) => sum + count, 0);
}

function differ(what: string, one: number | undefined, other: number): readonly string[] {
  return one === other ? [] : [`${what}: ${one} and ${other}`];
}

function countsOf(records: Iterable<{ readonly type: string }>): Counts {
  const counts: Record<RecordClass, number> = { request: 0, progress: 0, audit: 0 };
  for (const record of records) counts[classOf(record as Parameters<typeof classOf>[0])] += 1;
  return counts;
}
