import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { appendDeadLetters } from '../../../src/journal/dead-letters.ts';
import { writeHeartbeat } from '../../../src/journal/heartbeat.ts';
import { instanceDirectory } from '../../../src/journal/layout.ts';
import { useDatabase } from '../../harness/database.ts';
import { type CliPlace, runCli } from '../cli-process.ts';
import { sampleOwner, sampleRecords, temporaryDirectory, writeJournal } from '../written-ledger.ts';

const database = useDatabase();
const empty = useDatabase('empty');

interface Observed {
  readonly subject: string;
  readonly status: string;
  readonly message: string;
  readonly action?: string;
}

async function examine(
  place: CliPlace,
): Promise<{ readonly code: number | null; of(subject: string): Observed | undefined }> {
  const { output, code } = await runCli(['doctor', '--json'], place);
  const observed = output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Observed);
  return { code, of: (subject) => observed.find((one) => one.subject === subject && one.status === 'finding') };
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
    expect(code).toBe(1);
    expect(output).toMatch(/FINDING +database +The database .* cannot be reached.*\n +-> Check host, port/);
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
    expect(of('backlog')?.message).toMatch(/wait to be shipped, the oldest record since 2026-01-31T07:00:00\.000Z/);
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
    expect(of('dead letters')?.message).toBe('1 records were refused (22003); the last one: out of range');
    expect(of('drops')?.message).toBe('instance-1 dropped 7 request records (cap)');
    expect(of('directory')?.action).toContain('chmod 700');
    expect(of('journals')?.message).toContain('00000001.log cannot be read');
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
