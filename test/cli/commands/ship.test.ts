import pg from 'pg';
import { expect, it } from 'vitest';
import { useDatabase } from '../../harness/database.ts';
import { runCli, runJson } from '../cli-process.ts';
import { recordsOf } from '../recorded-session.ts';
import { sampleSessions, startAt, temporaryDirectory, writeJournal } from '../written-ledger.ts';

const database = useDatabase();

async function alter(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(sql);
  await client.end();
}

it('a record that the database refuses is told, kept, and stored after the repair with --dead-letters', async () => {
  const directory = temporaryDirectory();
  const poison = { type: 'event', at: startAt * 1000, level: 'loud', category: 'validation' } as const;
  const traceId = '5af7651916cd43dd8448eb211c80319c';
  const records = sampleSessions.flatMap(recordsOf);
  records.splice(5, 0, { ...poison, event: 'poison', message: 'too loud', traceId });
  writeJournal(directory, records);
  const place = { environment: { DATABASE_URL: database.url, SPANLEDGER_DIR: directory } };

  const first = await runCli(['ship'], place);
  expect(first.code).toBe(1);
  expect(first.output).toMatch(/^\d+ records, .* shipped to .*; 1 refused, see `spanledger doctor`\n$/);
  expect((await runJson(['sessions'], place)).map((row) => row.id)).toEqual(['open', 'failing', '120', '12']);
  expect((await runCli(['doctor'], place)).output).toMatch(/FINDING +dead letters +1 record refused \(23514\)/);
  expect(await runCli(['ship', '--dead-letters'], place)).toMatchObject({
    code: 1,
    output: expect.stringContaining('dead letters: 0 stored, 1 still refused'),
  });

  await alter('alter table spanledger.audit_log drop constraint audit_log_level_check');
  expect(await runCli(['ship', '--dead-letters'], place)).toMatchObject({
    code: 0,
    output: expect.stringContaining('dead letters: 1 stored, 0 still refused'),
  });
  expect(await runJson(['logs', '--event', 'poison'], place)).toMatchObject([{ message: 'too loud' }]);
});

it('data with control characters, escape sequences and wide letters neither breaks a listing nor gets lost', async () => {
  const directory = temporaryDirectory();
  const id = 'evil\n\u001b[2J\u202e写真';
  const session = {
    id,
    kind: 'a\tb',
    startAt,
    items: { 'x\r\n\u0007.jpg': 'failed' },
    traceId: '6af7651916cd43dd8448eb211c80319c',
  } as const;
  writeJournal(directory, recordsOf(session), 'instance-2');
  const place = { environment: { DATABASE_URL: database.url, SPANLEDGER_DIR: directory } };
  expect((await runCli(['ship'], place)).code).toBe(0);
  for (const argv of [
    ['sessions', '--kind', 'a\tb'],
    ['session', id],
    ['timeline', id],
    ['logs', '--session-id', id, '--all'],
  ]) {
    const { output, code } = await runCli(argv, place);
    expect(code).toBe(0);
    expect(output).toContain('evil\\n\\e[2J\\u{202e}写真');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
    expect(output).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  }
  const listed = await runCli(['sessions', '--kind', 'a\tb'], place);
  expect(listed.output.trimEnd().split('\n')).toHaveLength(2);
  expect(await runJson(['sessions', '--kind', 'a\tb'], place)).toMatchObject([{ id, kind: 'a\tb' }]);
});
