import pg from 'pg';
import { readDeadLetters } from '../../src/journal/dead-letters.ts';
import { classOf, type LedgerRecord, type RecordClass, recordClasses } from '../../src/projection/record.ts';
import {
  acknowledgementOf,
  acknowledgementsOfRows,
  hasOwnEnd,
  identitiesOfRows,
  identityOf,
  isOfLedger,
} from './record-keys.ts';
import { unshippedRecords } from './unshipped-records.ts';

export type Counts = Readonly<Record<RecordClass, number>>;

export interface AccountingOptions {
  readonly url: string;
  /** Spanledger directories in which records may still wait, or lie as dead letters. */
  readonly directories: readonly string[];
  /** What apps wrote down after their calls had returned. */
  readonly acknowledged: Iterable<string>;
  /** Every record that went into a journal: each must be somewhere, once. */
  readonly written?: Iterable<LedgerRecord>;
  /** Where the records themselves cannot be had, how many there were, by class. */
  readonly appended?: Counts;
  /** What journals say they had to drop. */
  readonly dropped?: Counts;
  /** A process had its clock set back at work: within a unit its order is told by number alone. Default false. */
  readonly clockWasSetBack?: boolean;
}

/** Where the records of one class are. `difference` is what nobody can account for. */
export interface ClassBalance {
  readonly produced: number;
  readonly stored: number;
  readonly journalled: number;
  readonly deadLetters: number;
  readonly dropped: number;
  readonly difference: number;
}

export interface Balance {
  readonly classes: Readonly<Record<RecordClass, ClassBalance>>;
  readonly acknowledged: number;
  readonly stored: number;
  readonly dropped: number;
  readonly deadLetters: number;
  readonly doubled: number;
  /** What does not hold, in sentences; empty when every record is accounted for. */
  readonly faults: readonly string[];
}

/**
 * The invariant at the end of every fault: produced = stored + journalled + dead letters + dropped, by class; each record that was
 * acknowledged, and each that was written, is in one place and once; the state of each item is that of its last transition; what a session
 * or an item told is read in the order in which it was told.
 */
export async function accounting(options: AccountingOptions): Promise<Balance> {
  const client = new pg.Client({ connectionString: options.url });
  await client.connect();
  try {
    return await balance(client, options);
  } finally {
    await client.end();
  }
}

async function balance(client: pg.Client, options: AccountingOptions): Promise<Balance> {
  const waiting = await waitingRecords(client, options.directories);
  const letters = await lettersIn(options.directories);
  const dropped = options.dropped ?? noCounts();
  const stored = await storedByClass(client, dropped);
  const written = await expect(client, 'written', identities(options.written ?? []));
  const produced = options.appended ?? (options.written === undefined ? undefined : written.counts);
  const acknowledged = await expect(client, 'acknowledged', keyed(options.acknowledged));
  await elsewhere(client, [...waiting, ...letters]);
  const classes = Object.fromEntries(
    recordClasses.map((name) => {
      const parts = {
        stored: stored[name],
        journalled: countOf(waiting, name),
        deadLetters: countOf(letters, name),
        dropped: dropped[name],
      };
      const total = parts.stored + parts.journalled + parts.deadLetters + parts.dropped;
      const made = produced === undefined ? total : produced[name] + dropped[name];
      return [name, { ...parts, produced: made, difference: made - total }];
    }),
  ) as Record<RecordClass, ClassBalance>;
  const doubles = await doubledKeys(client);
  return {
    classes,
    acknowledged: acknowledged.total,
    stored: sum(stored),
    dropped: sum(dropped),
    deadLetters: letters.length,
    doubled: doubles.length,
    faults: [
      ...recordClasses.flatMap((name) => imbalance(name, classes[name])),
      ...doubles.map((key) => `twice: ${key}`),
      ...(await missingKeys(client, 'acknowledged', dropped)),
      ...(await missingKeys(client, 'written', noCounts())),
      ...(await shipmentFault(client, sum(stored))),
      ...(await misplacedItems(client)),
      ...(await disorderedUnits(client, options.clockWasSetBack === true)),
    ].slice(0, mostFaults),
  };
}

const mostFaults = 50;

function imbalance(
  name: RecordClass,
  { produced, stored, journalled, deadLetters, dropped, difference }: ClassBalance,
) {
  if (difference === 0) return [];
  const sides = `${produced} produced, ${stored} stored, ${journalled} journalled, ${deadLetters} dead letters, ${dropped} dropped`;
  return [`${name}: ${sides}; ${difference} unaccounted for`];
}

function noCounts(): Counts {
  return { request: 0, progress: 0, audit: 0 };
}

function sum(counts: Counts): number {
  return recordClasses.reduce((total, name) => total + counts[name], 0);
}

function countOf(records: readonly LedgerRecord[], name: RecordClass): number {
  return records.filter((record) => classOf(record) === name).length;
}

/**
 * A unit that has ended was told by two records, its start and its end, and its row is one. Where progress was dropped an end may be
 * without its start; then the shipper's own books tell how many there were.
 */
async function storedByClass(client: pg.Client, dropped: Counts): Promise<Counts> {
  const { rows } = await client.query(`select
    (select count(*) from spanledger.api_logs)::int as request,
    (select count(*) + count(*) filter (where ${hasOwnEnd}) from spanledger.task_progress p)::int as progress,
    (select count(*) from spanledger.audit_log where not (${isOfLedger}))::int as audit,
    (select coalesce(sum(records), 0) from spanledger.shipments)::int as records`);
  const [{ request, progress, audit, records }] = rows;
  const told = records - request - audit;
  return { request, audit, progress: dropped.progress > 0 && told <= progress ? told : progress };
}

/** What lies in journals behind the offsets that the database knows. */
export async function waitingRecords(
  client: pg.Client,
  directories: readonly string[],
): Promise<readonly LedgerRecord[]> {
  const { rows } = await client.query(
    'select instance_id, segment, end_offset::float8 as "end" from spanledger.shipments',
  );
  const offsets = new Map(rows.map(({ instance_id, segment, end }) => [`${instance_id} ${segment}`, Number(end)]));
  return directories.flatMap((directory) => [...unshippedRecords(directory, offsets)]);
}

async function lettersIn(directories: readonly string[]): Promise<readonly LedgerRecord[]> {
  const letters = await Promise.all(directories.map((directory) => readDeadLetters(directory)));
  return letters.flat().flatMap(({ record }) => record ?? []);
}

interface Expectation {
  readonly key: string;
  readonly kind: RecordClass;
}

function* identities(records: Iterable<LedgerRecord>): Generator<Expectation> {
  for (const record of records) yield { key: identityOf(record), kind: classOf(record) };
}

function* keyed(keys: Iterable<string>): Generator<Expectation> {
  for (const key of keys) yield { key, kind: kindOf(key) };
}

function kindOf(acknowledgement: string): RecordClass {
  if (acknowledgement.startsWith('request ')) return 'request';
  return /^(start|end) /.test(acknowledgement) ? 'progress' : 'audit';
}

const chunk = 20_000;

async function expect(client: pg.Client, table: string, expected: Iterable<Expectation>) {
  await client.query(`create temporary table ${table} (key text, kind text)`);
  const counts: Record<RecordClass, number> = { ...noCounts() };
  let total = 0;
  let keys: string[] = [];
  let kinds: string[] = [];
  const flush = () => client.query(`insert into ${table} select * from unnest($1::text[], $2::text[])`, [keys, kinds]);
  for (const { key, kind } of expected) {
    counts[kind] += 1;
    total += 1;
    keys.push(key);
    kinds.push(kind);
    if (keys.length < chunk) continue;
    await flush();
    keys = [];
    kinds = [];
  }
  await flush();
  await client.query(`analyze ${table}`);
  return { counts, total };
}

/** What is not in the tables and not lost either: it waits, or it was refused. */
async function elsewhere(client: pg.Client, records: readonly LedgerRecord[]): Promise<void> {
  await client.query('create temporary table elsewhere (written text, acknowledged text)');
  await client.query('insert into elsewhere select * from unnest($1::text[], $2::text[])', [
    records.map(identityOf),
    records.map((record) => acknowledgementOf(record) ?? null),
  ]);
  await client.query('analyze elsewhere');
}

async function doubledKeys(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query(
    `select key, count(*) from (${identitiesOfRows} union all select written from elsewhere) k group by key having count(*) > 1 limit 1000`,
  );
  return rows.map(({ key, count }) => `${key} (${count} times)`);
}

const keysOfRows = { acknowledged: acknowledgementsOfRows, written: identitiesOfRows };

/** What was dropped is missing, and no more than that. */
async function missingKeys(
  client: pg.Client,
  table: keyof typeof keysOfRows,
  dropped: Counts,
): Promise<readonly string[]> {
  const { rows } = await client.query(
    `select e.key, e.kind from ${table} e where not exists (select from elsewhere o where o.${table} = e.key)
       and not exists (select from keys_of_rows r where r.key = e.key)`.replace(
      'keys_of_rows',
      await materialised(client, table),
    ),
  );
  return recordClasses.flatMap((name) => {
    const missing = rows.filter(({ kind }) => kind === name);
    if (missing.length <= dropped[name]) return [];
    const examples = missing.slice(0, 5).map(({ key }) => key);
    return [`${missing.length} ${name} records that were ${table} are nowhere, such as ${examples.join('; ')}`];
  });
}

async function materialised(client: pg.Client, table: keyof typeof keysOfRows): Promise<string> {
  const name = `rows_${table}`;
  await client.query(`create temporary table ${name} as ${keysOfRows[table]}`);
  await client.query(`analyze ${name}`);
  return name;
}

/** The books of the shipper itself. */
async function shipmentFault(client: pg.Client, stored: number): Promise<readonly string[]> {
  const { rows } = await client.query('select coalesce(sum(records), 0)::int as records from spanledger.shipments');
  const [{ records }] = rows;
  return records === stored ? [] : [`shipments tell of ${records} records, the tables hold ${stored}`];
}

/** All items at once: asked item by item, the planner reads the index of a large session for each of them. */
async function misplacedItems(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query(`with moves as (
      select session_id, item_id, span_id, seq, to_state from spanledger.audit_log where event = 'import.item.transition'
    ), last as (
      select distinct on (session_id, item_id, span_id) * from moves where seq is not null
      order by session_id, item_id, span_id, seq desc
    )
    select i.session_id, i.id, i.state, last.to_state from spanledger.import_items i
    join last on (last.session_id, last.item_id, last.span_id) = (i.session_id, i.id, i.span_id) and last.to_state <> i.state
    left join moves ledger on ledger.seq is null and ledger.to_state = i.state
      and (ledger.session_id, ledger.item_id, ledger.span_id) = (i.session_id, i.id, i.span_id)
    where ledger.session_id is null limit 10`);
  return rows.map(
    ({ session_id, id, state, to_state }) => `${session_id} ${id} is ${state}, last moved to ${to_state}`,
  );
}

/**
 * Within a unit of work `seq` tells the order in which things happened: each number once. Readers take them by time first, which agrees
 * unless the clock was set back. (Not by `id`: shipments overlap, so the rows of a later one may have got their ids first.)
 */
async function disorderedUnits(client: pg.Client, clockWasSetBack: boolean): Promise<readonly string[]> {
  const disorder = clockWasSetBack ? 'seq = before' : 'seq = before or created_at < at_before';
  const { rows } = await client.query(`select session_id, item_id, seq, before from (
      select session_id, item_id, seq, created_at, lag(seq) over w as before, lag(created_at) over w as at_before
      from spanledger.audit_log where seq is not null window w as (partition by trace_id, span_id order by seq)) e
    where ${disorder} limit 10`);
  return rows.map(
    ({ session_id, item_id, seq, before }) => `${session_id} ${item_id ?? ''}: number ${seq} is told before ${before}`,
  );
}
