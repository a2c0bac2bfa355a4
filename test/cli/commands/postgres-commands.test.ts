import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import { rowsOf } from '../../../src/projection/rows.ts';
import { createPostgresStore } from '../../../src/shipping/postgres-store.ts';
import { useDatabase } from '../../harness/database.ts';
import { type CliResult, runCli, runCliProcess, runJson, startCli } from '../cli-process.ts';
import { sampleOwner, sampleRecords, sampleSessions, temporaryDirectory } from '../written-ledger.ts';

const database = useDatabase();
const run = (...argv: string[]): Promise<CliResult> => runCli(argv, { environment: { DATABASE_URL: database.url } });
const rows = (...argv: string[]) => runJson(argv, { environment: { DATABASE_URL: database.url } });

beforeAll(async () => {
  const store = createPostgresStore({ connectionString: database.url });
  const records = sampleRecords();
  const written = records.flatMap((record) => rowsOf(record, sampleOwner));
  await store.ship({ owner: sampleOwner, segment: '00000001', from: 0, to: 1, rows: written, records: records.length });
  await store.close();
});

describe('spanledger sessions', () => {
  it('lists sessions, the newest first', async () => {
    const { output, errors, code } = await run('sessions');
    expect({ errors, code }).toEqual({ errors: '', code: 0 });
    const lines = output.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^SESSION +STATE +KIND +ACCOUNT +TOTAL +IMPORTED +SKIPPED +FAILED +STARTED +TOOK$/);
    expect(lines.slice(1).map((line) => line.split(/ +/)[0])).toEqual(['open', 'failing', '120', '12']);
    expect(lines[4]).toMatch(/^12 +imported +local +456 +3 +1 +1 +1 +2026-01-31T08:00:00\.\d{3}Z +\d+ ms$/);
  });

  it('filters, every filter combined with AND, other spellings of a state accepted', async () => {
    expect(await rows('sessions', '--state', 'failed', '--kind', 'picker')).toMatchObject([{ id: 'failing' }]);
    expect(await rows('sessions', '--state', 'FAILED', '--kind', 'local')).toEqual([]);
    expect(await rows('sessions', '--account', '456', '--last', '1')).toMatchObject([{ id: '120' }]);
  });

  it('says so when no session matches, and that is no fault', async () => {
    expect(await run('sessions', '--kind', 'none')).toEqual({ output: 'No sessions match.\n', errors: '', code: 0 });
  });

  it('refuses a state that does not exist', async () => {
    const { errors, code } = await run('sessions', '--state', 'finished');
    expect(code).toBe(2);
    expect(errors).toMatch(/SPANLEDGER_USAGE: There is no session state finished; the states are pending, ready/);
  });
});

describe('spanledger session', () => {
  it('shows state, counts, timeline, steps, errors with what to do, and severity', async () => {
    const { output, code } = await run('session', '12');
    expect(code).toBe(0);
    expect(output).toMatch(/^12 {2}\[IMPORTED\]\n/);
    expect(output).toContain('total 3   imported 1   skipped 1   failed 1   processing 0   pending 0');
    expect(output).toContain('success rate 50.0 %');
    expect(output).toContain('ready -> processing  to processing');
    expect(output).toMatch(/STEP +COUNT +FAILED +MEAN +MAX +TOTAL\n +analyze +3 +1 +10 ms +10 ms +30 ms/);
    expect(output).toMatch(/c\.jpg {2}ENOENT: no such file\n {4}-> List the parent folder\./);
    expect(output).toContain('severity medium, 1 error\n');
    expect(output).toContain('by category: file_not_found 1');
  });

  it('gives the same as one object', async () => {
    const [view] = await rows('session', '12');
    expect(view).toMatchObject({ id: '12', state: 'imported', total: 3, report: { severity: 'medium' } });
    expect(view?.errors).toMatchObject([{ item_id: 'c.jpg', details: { category: 'file_not_found' } }]);
  });

  it('finds exactly the id: 1 is neither 12 nor 120', async () => {
    const { output, errors, code } = await run('session', '1');
    expect({ output, code }).toEqual({ output: '', code: 1 });
    expect(errors).toMatch(/^SPANLEDGER_NOT_FOUND: There is no session 1\.\n {2}Ids match exactly/);
  });
});

describe('spanledger logs', () => {
  it('S0.20 shows the lifecycle events, and every event with --all', async () => {
    const shown = new Set((await rows('logs', '--last', '1000')).map((row) => row.event));
    expect([...shown].toSorted()).toEqual([
      'import.file.saved',
      'import.item.claim',
      'import.item.end',
      'import.session.complete',
      'import.session.progress',
      'import.session.start',
    ]);
    const all = new Set((await rows('logs', '--last', '1000', '--all')).map((row) => row.event));
    expect(all).toContain('import.item.transition');
  });

  it('S0.14 S0.15 S0.19 shows the newest 20 records of exactly one session, oldest first', async () => {
    const records = await rows('logs', '--session-id', '12', '--all');
    expect(records).toHaveLength(20);
    expect(new Set(records.map((row) => row.session_id))).toEqual(new Set(['12']));
    const times = records.map((row) => String(row.time));
    expect(times).toEqual(times.toSorted());
    expect(records.at(-1)).toMatchObject({ event: 'import.session.complete' });
  });

  it('S0.16 S0.17 filters by level in any letter case and by event', async () => {
    const errors = await rows('logs', '--level', 'ERROR', '--session-id', '12');
    expect(errors.map((row) => row.event)).toEqual(['import.item.error']);
    const saved = await rows('logs', '--event', 'import.file.saved', '--item-id', 'a.jpg');
    expect(saved.map((row) => row.session_id)).toEqual(['12']);
  });

  it('filters by trace id, as hex or UUID, by correlation id, category and job', async () => {
    const hex = sampleSessions[2]?.traceId ?? '';
    const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-').toUpperCase();
    for (const id of [hex, uuid]) {
      const found = await rows('logs', '--trace-id', id, '--event', 'import.item.error');
      expect(found.map((row) => row.trace_id)).toEqual([hex, hex]);
    }
    expect(await rows('logs', '--correlation-id', 'correlation-12', '--category', 'file_operation')).toHaveLength(1);
    expect(await rows('logs', '--job-id', 'job-77', '--all')).toMatchObject([{ event: 'job.log' }]);
    const { errors, code } = await run('logs', '--trace-id', '12');
    expect(code).toBe(2);
    expect(errors).toContain('neither 32 hex digits nor a UUID');
  });

  it('S0.18 gives parsed details with --json', async () => {
    const [saved] = await rows('logs', '--event', 'import.file.saved', '--session-id', '12');
    expect(saved).toMatchObject({ level: 'info', details: { file_size: 1536, mime_type: 'image/jpeg' } });
    expect(saved?.id).toBeTypeOf('number');
    expect(saved?.time).toMatch(/^2026-01-31T08:00:00\.\d{3}Z$/);
  });

  it('prints a line per record with what matters for its type', async () => {
    const { output } = await run('logs', '--session-id', '12', '--last', '1000');
    expect(output).toMatch(
      /Z {2}INFO {6}import\.file\.saved {8}12 {2}\/target\/a\.jpg {2}1\.5 KB {2}sha256 0123456789abcdef\n/,
    );
    expect(output).toMatch(/import\.session\.progress {2}12 {2}3\/3 {2}imported 1, duplicates 1, failed 1\n/);
    expect(output).toMatch(
      /import\.session\.complete {2}12 {2}imported in 1\.5 s {2}imported 1, duplicates 1, failed 1 {2}processed 3\n/,
    );
  });

  it('says in so many words that nothing was found, and what the default view hides', async () => {
    expect(await run('logs', '--session-id', '1')).toEqual({ output: 'No records match.\n', errors: '', code: 0 });
    const hidden = await run('logs', '--job-id', 'job-77');
    expect(hidden.output).toBe('No records match.\n');
    expect(hidden.errors).toBe('Records of other events match; --all shows them.\n');
  });
});

describe('spanledger timeline', () => {
  it('tells events and steps in time order with elapsed time and gaps', async () => {
    const entries = (await rows('timeline', '12')).slice(0, -1);
    const times = entries.map((entry) => String(entry.time));
    expect(times).toEqual(times.toSorted());
    expect(entries[0]).toMatchObject({ gap_ms: null });
    expect(entries.map((entry) => entry.what)).toContain('step analyze');
    expect(entries.at(-1)).toMatchObject({ what: 'import.session.complete' });
    expect(Number(entries.at(-1)?.elapsed_ms)).toBeGreaterThan(100);
  });

  it('is cut to the newest entries', async () => {
    expect(await rows('timeline', '12', '--last', '3')).toHaveLength(3 + 1);
  });

  it('tells the lives of the processes in its last line, with a claim and without', async () => {
    const lives = [expect.objectContaining({ process: expect.any(String), life: expect.any(Number) })];
    expect((await rows('timeline', '12')).at(-1)).toEqual({ lives });
    const claimed = (await rows('timeline', '12', '--claim', '40h')).at(-1);
    expect(claimed).toMatchObject({ claim_ms: 144_000_000, judgement: expect.any(String), lives });
  });
});

describe('spanledger running', () => {
  it('lists what is open', async () => {
    const open = await rows('running');
    expect(open.map((row) => [row.unit, row.session_id, row.item_id])).toEqual([
      ['session', 'open', null],
      ['item', 'open', 'y.jpg'],
      ['step', 'open', 'y.jpg'],
    ]);
    expect(await run('running', '--session-id', '12')).toMatchObject({ output: 'Nothing is running.\n', code: 0 });
  });
});

describe('spanledger report', () => {
  it('gives the report of 3.11', async () => {
    const [report] = await rows('report', 'failing');
    expect(report).toMatchObject({
      session_id: 'failing',
      session_state: 'failed',
      severity: 'critical',
      total_errors: 2,
      error_categories: { file_not_found: 2 },
      top_error_category: 'file_not_found',
      stats: { total: 2, failed: 2, success_rate: 0 },
    });
    expect(report?.recommended_actions).toContain('List the parent folder.');
  });
});

describe('spanledger stats', () => {
  it('S1.38 S1.39 S1.41 computes error rate, time per item and the most frequent errors', async () => {
    const [figures] = await rows('stats', '--session-id', '12');
    expect(figures).toMatchObject({ items: 3, failed: 1, top_errors: [{ name: 'file_not_found', count: 1 }] });
    const { output } = await run('stats', '--session-id', '12');
    expect(output).toContain('error rate            33.3 %');
  });
});

describe('exit codes and errors', () => {
  it.each([
    [['nonsense'], "unknown command 'nonsense'.\n  See `spanledger --help`."],
    [['sesions'], "unknown command 'sesions' (Did you mean sessions?).\n  See `spanledger --help`."],
    [
      ['migrate', 'status'],
      "argument 'action' is 'status'. Allowed choices are current, history, up.\n  See `spanledger migrate --help`.",
    ],
    [['logs', '--lsat', '5'], "unknown option '--lsat'"],
    [['logs', '--last', 'many'], 'whole number'],
    [['session'], "missing required argument 'id'"],
  ])('%j is wrong usage', async (argv, why) => {
    const { output, errors, code } = await run(...argv);
    expect({ output, code }).toEqual({ output: '', code: 2 });
    expect(errors).toMatch(/^SPANLEDGER_USAGE: /);
    expect(errors).toContain(why);
  });

  it('shows the help on standard error when no command is given', async () => {
    const { output, errors, code } = await run();
    expect({ output, code }).toEqual({ output: '', code: 2 });
    expect(errors).toMatch(/^Usage: spanledger/);
  });

  it('explains a command as `help` of it as well', async () => {
    expect(await run('help', 'session')).toEqual(await run('session', '--help'));
    expect((await run('help')).code).toBe(0);
  });

  it('prints its version', async () => {
    expect((await run('--version')).output).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('ends its process by itself: nothing is left open', async () => {
    const place = { environment: { DATABASE_URL: database.url, SPANLEDGER_DIR: temporaryDirectory() } };
    for (const argv of [['session', '12'], ['check', '12'], ['ship'], ['doctor'], ['retention', '--dry-run']]) {
      const { errors, code } = await runCliProcess(argv, place);
      expect({ errors, code }, argv.join(' ')).toEqual({ errors: '', code: 0 });
    }
  });

  it('ends quietly when the reader of its output goes away', async () => {
    const child = startCli(['logs', '--all', '--json', '--last', '1000'], {
      environment: { DATABASE_URL: database.url },
    });
    child.stdout.once('data', () => child.stdout.destroy());
    const errors = text(child.stderr);
    const [code] = await once(child, 'close');
    expect({ code, errors: await errors }).toEqual({ code: 0, errors: '' });
  });
});
