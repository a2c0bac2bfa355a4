import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendDeadLetters } from '../../../src/journal/dead-letters.ts';
import { writeHeartbeat } from '../../../src/journal/heartbeat.ts';
import { instanceDirectory } from '../../../src/journal/layout.ts';
import { useDatabase } from '../../harness/database.ts';
import { createWorkshop, type Workshop } from '../../register/program.ts';
import { type CliPlace, runCli } from '../cli-process.ts';
import { sampleOwner, sampleRecords, temporaryDirectory, writeJournal } from '../written-ledger.ts';

const database = useDatabase();
const empty = useDatabase('empty');

interface Observed {
  readonly subject: string;
  readonly status: string;
  readonly message: string;
  readonly action?: string;
  readonly figures?: object;
}

interface Examined {
  readonly code: number | null;
  /** The finding about a subject. */
  of(subject: string): Observed | undefined;
  /** What is well about it. */
  ok(subject: string): Observed | undefined;
}

async function examine(place: CliPlace): Promise<Examined> {
  const { output, code } = await runCli(['doctor', '--json'], place);
  const observed = output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Observed);
  const find = (subject: string, status: string) =>
    observed.find((one) => one.subject === subject && one.status === status);
  return { code, of: (subject) => find(subject, 'finding'), ok: (subject) => find(subject, 'ok') };
}

describe('spanledger doctor', () => {
  it('finds nothing wrong with a fresh place, and exits with 0', async () => {
    const environment = { DATABASE_URL: database.url, SPANLEDGER_DIR: temporaryDirectory() };
    const { output, code } = await runCli(['doctor'], { environment });
    expect(output).toMatch(/All is well\.\n$/);
    expect(output).toMatch(/ok +schema +at migration \d+/);
    expect(code).toBe(0);
  });

  it('finds a database that cannot be reached', async () => {
    const environment = { DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/x', SPANLEDGER_DIR: temporaryDirectory() };
    const { output, code } = await runCli(['doctor'], { environment });
    expect(code).toBe(3);
    expect(output).toMatch(/FINDING +database +The database .* cannot be reached.*\n +-> See that the server runs/);
    expect(output).not.toContain('secret');
  });

  it('finds a schema that is not there', async () => {
    const { code, of } = await examine({
      environment: { DATABASE_URL: empty.url, SPANLEDGER_DIR: temporaryDirectory() },
    });
    expect(code).toBe(1);
    expect(of('schema')).toMatchObject({ message: expect.stringContaining('at migration 0 of') });
  });

  it('finds records that wait too long, with the time of the oldest', async () => {
    const directory = temporaryDirectory();
    writeJournal(directory, sampleRecords());
    const { code, of } = await examine({ environment: { DATABASE_URL: database.url, SPANLEDGER_DIR: directory } });
    expect(code).toBe(1);
    expect(of('backlog')?.message).toMatch(
      /^\d+ records, \S+ KB, wait to be shipped, the oldest record since 2026-01-31T07:00:00\.000Z/,
    );
    expect(of('backlog')?.action).toContain('spanledger ship');
  });

  it('finds dead letters, drops, a directory open to others and a segment that cannot be read', async () => {
    const directory = temporaryDirectory();
    const owner = sampleOwner;
    const letter = { at: 1, code: '22003', reason: 'out of range', owner, segment: '00000001', start: 0, end: 10 };
    await appendDeadLetters(directory, [letter]);
    const journal = instanceDirectory(directory, 'instance-1');
    writeHeartbeat(journal, { at: 1, figures: { dropped: { request: { cap: 7 }, progress: {}, audit: {} } } });
    const broken = instanceDirectory(directory, 'instance-2');
    mkdirSync(broken, { recursive: true });
    writeFileSync(join(broken, '00000001.log'), 'no header');
    writeFileSync(join(broken, '00000002.log'), '');
    chmodSync(directory, 0o755);
    const { code, of } = await examine({ environment: { DATABASE_URL: database.url, SPANLEDGER_DIR: directory } });
    expect(code).toBe(1);
    expect(of('dead letters')?.message).toBe(
      '1 record refused (22003); the newest, at 1970-01-01T00:00:00.000Z: out of range',
    );
    expect(of('dead letters')?.figures).toEqual({ records: 1 });
    const account = { produced: { request: 0 }, dropped: { request: { cap: 7 } }, waiting: { audit: 0 } };
    expect(of('account')?.figures).toMatchObject({ 'instance-1': account });
    expect(of('drops')?.message).toBe('instance-1 dropped 7 request records (cap)');
    expect(of('directory')?.action).toContain('chmod 700');
    expect(of('journals')?.message).toContain('00000001.log cannot be read');
  });

  it('tells of a segment that the disk does not give, and examines the rest', async () => {
    const directory = temporaryDirectory();
    // Reading it fails, as a sector that is gone does.
    mkdirSync(join(instanceDirectory(directory, 'instance-1'), '00000001.log'), { recursive: true });
    const { code, of, ok } = await examine({ environment: { DATABASE_URL: database.url, SPANLEDGER_DIR: directory } });
    expect(code).toBe(1);
    expect(of('journals')?.message).toMatch(/00000001\.log cannot be read: EISDIR/);
    expect(ok('schema')).toBeDefined();
    expect(ok('backlog')).toBeDefined();
  });

  it('counts what waits while the database cannot be reached', async () => {
    const directory = temporaryDirectory();
    writeJournal(directory, sampleRecords());
    const environment = { DATABASE_URL: 'postgres://127.0.0.1:1/x', SPANLEDGER_DIR: directory };
    const { code, of } = await examine({ environment });
    expect(code).toBe(3);
    expect(of('database')).toMatchObject({ unreachable: true });
    expect(of('backlog')?.message).toContain(`up to ${sampleRecords().length} records`);
    expect(of('backlog')?.figures).toMatchObject({ records: sampleRecords().length, oldest_at: expect.any(String) });
  });

  it('tells how fast records arrive, and which Postgres takes them', async () => {
    const directory = temporaryDirectory();
    const environment = { DATABASE_URL: database.url, SPANLEDGER_DIR: directory };
    writeJournal(directory, sampleRecords(), 'rate');
    await runCli(['ship'], { environment });
    const { output, code } = await runCli(['doctor'], { environment });
    expect(output).toMatch(/ok +database +postgres.*, Postgres \d+/);
    expect(output).toMatch(/ok +ship rate +\d+ records of \d+ processes within an hour/);
    expect(output).toMatch(/ok +backlog +everything is shipped/);
    expect(code).toBe(0);
  });

  it('finds a directory that cannot be written', async () => {
    const directory = temporaryDirectory();
    chmodSync(directory, 0o500);
    const environment = { DATABASE_URL: database.url, SPANLEDGER_DIR: directory };
    const { code, of } = await examine({ environment, ...(process.getuid?.() === 0 && { uid: 65_534 }) });
    expect(code).toBe(1);
    expect(of('directory')).toMatchObject({ message: expect.stringContaining('cannot be written') });
  });

  it('finds a directory that cannot be made', async () => {
    const parent = temporaryDirectory();
    chmodSync(parent, 0o500);
    const environment = { SPANLEDGER_DIR: join(parent, 'absent', 'ledger') };
    const { code, of } = await examine({ environment, ...(process.getuid?.() === 0 && { uid: 65_534 }) });
    expect(code).toBe(1);
    expect(of('directory')).toMatchObject({
      message: expect.stringMatching(/is not there and cannot be made: EACCES/),
      action: expect.stringContaining(parent),
    });
  });

  it('finds a setting that nobody reads', async () => {
    const environment = { SPANLEDGER_RETENTION: '5', SPANLEDGER_DIR: join(temporaryDirectory(), 'absent') };
    const { code, of } = await examine({ environment });
    expect(code).toBe(1);
    expect(of('settings')?.message).toContain('SPANLEDGER_RETENTION');
  });

  it('shows every setting with its source and no secret', async () => {
    const environment = {
      DATABASE_URL: database.url,
      SPANLEDGER_DATABASE_PASSWORD: 'hunter2',
      SPANLEDGER_RETENTION_DAYS: '7',
      SPANLEDGER_DIR: temporaryDirectory(),
    };
    const { output } = await runCli(['doctor', '--config'], { environment });
    expect(output).toMatch(/retentionDays +7 +\(SPANLEDGER_RETENTION_DAYS\)/);
    expect(output).toMatch(/schema +spanledger +\(default\)/);
    expect(output).toMatch(/databaseUrl +\S+ +\(DATABASE_URL\)/);
    expect(output).not.toContain('hunter2');
  });
});

describe('spanledger doctor, asked about a schema that was changed by hand', () => {
  const damaged = useDatabase();
  const change = async (sql: string) => {
    const client = new pg.Client({ connectionString: damaged.url });
    await client.connect();
    await client.query(`set search_path = spanledger; ${sql}`).finally(() => client.end());
  };
  const findings = async (): Promise<readonly Observed[]> => {
    const { output } = await runCli(['doctor', '--json'], {
      environment: { DATABASE_URL: damaged.url, SPANLEDGER_DIR: temporaryDirectory() },
    });
    const observed = output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Observed);
    return observed.filter(({ status }) => status === 'finding');
  };

  it.each([
    ['alter table api_logs drop column ip_address', 'columns', 'api_logs.ip_address is not there'],
    [
      'alter table api_logs alter column request_id type varchar(20)',
      'columns',
      'api_logs.request_id is character varying(20) and should be text',
    ],
    [
      'alter table import_items add column owner text not null',
      'columns',
      'import_items.owner must not be null, and nobody fills it',
    ],
    ['drop view v_session_timeline', 'columns', 'v_session_timeline is not there'],
    ['drop index audit_log_session', 'indexes', 'index audit_log_session of audit_log is missing'],
    [
      `update pg_index set indisvalid = false where indexrelid = 'task_progress_running'::regclass`,
      'indexes',
      'index task_progress_running of task_progress is invalid',
    ],
    ['alter table shipments drop constraint shipments_pkey', 'indexes', 'shipments has no primary key'],
    ['drop table api_logs_default', 'partitions', 'api_logs_default is not there'],
    [
      `insert into audit_log (created_at, level, category, event, message, service_name, trace_id)
        values (date_trunc('month', now()) - interval '20 days', 'info', 'c', 'e', 'm', 's', gen_random_uuid())`,
      'partitions',
      'are in audit_log_default, where every query looks',
    ],
    [
      `select ensure_partition('audit_log', '2020-05-01'); alter table audit_log detach partition audit_log_2020_05`,
      'partitions',
      'audit_log_2020_05 is a table of its own',
    ],
    [`insert into chores values ('retention', now(), now(), 'x', 'no right to drop')`, 'retention', 'no right to drop'],
  ])('finds what came of: %s', async (sql, subject, message) => {
    const before = await findings();
    await change(sql);
    const after = await findings();
    const known = before.map((one) => one.message);
    const added = after.filter((one) => !known.includes(one.message));
    expect(added).toContainEqual({
      subject,
      status: 'finding',
      message: expect.stringContaining(message),
      action: expect.any(String),
    });
    // Beside it only what cannot be asked for because of it.
    for (const one of added.slice(1)) expect(one.message).toContain('could not be asked for');
  });

  it('has no objection to a column and an index that others have added', async () => {
    const before = await findings();
    await change('alter table import_sessions add column note text; create index by_kind on import_sessions (kind)');
    expect(await findings()).toEqual(before);
  });
});

describe('spanledger doctor, asked about other processes', () => {
  let workshop: Workshop;
  beforeEach(() => {
    workshop = createWorkshop();
  });
  afterEach(() => workshop.remove());
  const ledger = () => join(workshop.directory, 'ledger');

  it('shows the account of a living one', async () => {
    const program = workshop.start({
      script: 'app.mjs',
      parameters: ['wait', 'account'],
      env: { DATABASE_URL: database.url },
    });
    await program.said('waiting');
    const account = async () => {
      const { output } = await runCli(['doctor'], {
        environment: { DATABASE_URL: database.url, SPANLEDGER_DIR: ledger() },
      });
      return /ok +account +produced = appended \+ dropped \+ waiting: (.*)/.exec(output)?.[1] ?? '';
    };
    await expect.poll(account, { timeout: 60_000 }).toMatch(/audit (\d\d+) = \1 \+ 0 \+ 0/);
  });

  it('shows what was dropped by class and reason, and the ledger itself tells it too', async () => {
    const ended = await workshop.run({ script: 'flood.mjs', env: { SPANLEDGER_JOURNAL_MAX_BYTES: String(1024 ** 2) } });
    expect(ended).toMatchObject({ code: 0 });
    const { of, code, ok } = await examine({
      environment: { DATABASE_URL: database.url, SPANLEDGER_DIR: ledger() },
    });
    expect(code).toBe(1);
    expect(of('drops')?.message).toMatch(/dropped .*\d+ audit records \(cap\)/);
    const [, produced, appended, dropped, waiting] = (
      /audit (\d+) = (\d+) \+ (\d+) \+ (\d+)/.exec(ok('account')?.message ?? '') ?? []
    ).map(Number);
    expect(dropped).toBeGreaterThan(0);
    expect(produced).toBe(Number(appended) + Number(dropped) + Number(waiting));
  });

  it('finds a process that cannot ship, with the reason', async () => {
    const program = workshop.start({
      script: 'app.mjs',
      parameters: ['wait', 'cut-off'],
      env: { DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/x' },
    });
    await program.said('waiting');
    const errors = async () => {
      const { of } = await examine({ environment: { DATABASE_URL: database.url, SPANLEDGER_DIR: ledger() } });
      return of('errors')?.message;
    };
    await expect
      .poll(errors, { timeout: 60_000 })
      .toMatch(/could not ship at .*127\.0\.0\.1:1.*\(DATABASE_UNREACHABLE|ECONNREFUSED\)/);
    expect(await errors()).not.toContain('secret');
  });
});
