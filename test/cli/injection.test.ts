import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { openJournal } from '../../src/journal/open-journal.ts';
import type { LedgerRecord } from '../../src/projection/record.ts';
import { createSanitizer } from '../../src/storable/sanitizer.ts';
import { useDatabase } from '../harness/database.ts';
import { scanRecords } from '../register/journalled-records.ts';
import { runCli } from './cli-process.ts';
import { requestRecords } from './reading/requests-contract.ts';
import { heldDirectory, sampleOwner, sampleRecords, temporaryDirectory } from './written-ledger.ts';

/** What a stranger may have put into a name, a header or a message: lines, escapes, turned text, and a line that looks like one of ours. */
const hostile = [
  '\r\n{"type":"event","level":"critical","message":"forged"}',
  '\n2026-01-01T00:00:00.000Z  forged',
  '\u001b[2J\u001b]0;title\u0007\u009b31m',
  '\u202egpj.exe\u2066\u2069\u061c',
  '\u2028\u2029\u0085\u000b\u000c',
  '\u0000\ud800\udc00\ud800',
  '\u200b\ufeff\u{e0041}\u{e007f}',
  '","level":"critical',
  "'); drop table audit_log; --",
  '%0d%0aSet-Cookie: a',
].join('|');

const dangerous = /[\p{Cc}\p{Cs}\u061c\u200b\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/u;

/** What a command wrote is several lines; everything else that moves a cursor is none of its business. */
function expectCalm(written: string): void {
  expect(written.replaceAll('\n', '')).not.toMatch(dangerous);
}

const sanitizer = createSanitizer();
const texts = [
  'kind',
  'accountId',
  'message',
  'reason',
  'taskName',
  'stepName',
  'errorType',
  'errorMessage',
  'correlationId',
  'userId',
  'service',
  'taskId',
  'lockedBy',
  'errorStack',
  'method',
  'endpoint',
  'route',
  'ipAddress',
];

/** The record with a hostile end to each of its texts, made fit to be written as every record is. */
function disguised(record: LedgerRecord): LedgerRecord {
  const changed = Object.entries(record).map(([key, value]) => {
    if (typeof value !== 'string') return [key, value];
    if (key === 'sessionId' || key === 'itemId') return [key, sanitizer.id(`${value}${hostile}`)];
    return [key, texts.includes(key) ? sanitizer.text(`${value}${hostile}`) : value];
  });
  return Object.fromEntries(changed) as LedgerRecord;
}

const session = sanitizer.id(`12${hostile}`);
const commands: readonly (readonly string[])[] = [
  ['sessions'],
  ['session', session],
  ['logs', '--all', '--last', '1000'],
  ['requests', '--last', '1000'],
  ['requests', '--by-route'],
  ['timeline', session],
  ['running'],
  ['stuck'],
  ['report', session],
  ['check', '--since', '2026-01-01'],
  ['stats', '--since', '2026-01-01'],
  ['stats', '--session-id', session],
  ['doctor'],
  ['doctor', '--config'],
  ['session', hostile.replaceAll('\0', '')],
  ['logs', '--level', 'x\u001b[31m\ny'],
  ['redact', `a${hostile.replaceAll('\0', '')}`],
];

describe('records with hostile texts', () => {
  const database = useDatabase();
  const directory = heldDirectory();
  const records = [...sampleRecords(), ...requestRecords()].map(disguised);

  beforeAll(async () => {
    const { service, host } = sampleOwner;
    const owner = { ...sampleOwner, service: sanitizer.text(service + hostile), host: sanitizer.text(host + hostile) };
    const journal = openJournal({ directory, owner });
    journal.append(...records);
    journal.close();
  });

  it('are as many records as were written, in the journal', async () => {
    expect(await scanRecords(directory)).toEqual(records);
  });

  const expectSafe = async (argv: readonly string[], environment: Record<string, string>): Promise<void> => {
    const { output, errors, code } = await runCli(argv, { environment });
    expectCalm(output + errors);
    // What is masked as a text keeps its lines.
    if (argv[0] !== 'redact')
      expect(`${output}${errors}`).not.toMatch(/^\s*(?:\{"type":"event"|2026-01-01T00:00:00.000Z {2}forged)/m);
    expect(errors).not.toContain('UNEXPECTED');
    expect([0, 1, 2]).toContain(code);
    if (argv.includes('--json'))
      for (const line of output.split('\n')) if (line !== '') expect(() => JSON.parse(line)).not.toThrow();
  };

  it('cannot forge a line, from the journals', async () => {
    const environment = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', SPANLEDGER_DIR: directory };
    for (const argv of commands.filter(([name]) => name !== 'doctor')) {
      const { output, errors } = await runCli(argv, { environment });
      expectCalm(output + errors);
    }
  });

  it.each(commands)('cannot forge a line or move the cursor in spanledger %s', async (...argv) => {
    const environment = { DATABASE_URL: database.url, SPANLEDGER_DIR: directory };
    if (argv[0] === 'sessions') await runCli(['ship'], { environment });
    await expectSafe(argv, environment);
    await expectSafe([...argv, '--json'], environment);
  });

  it('are told in full where they are asked for by their id', async () => {
    const environment = { DATABASE_URL: database.url, SPANLEDGER_DIR: directory };
    const { output, code } = await runCli(['logs', '--all', '--session-id', session, '--json'], { environment });
    expect(code).toBe(0);
    expect(JSON.parse(output.split('\n')[0] ?? '').session_id).toBe(session);
  });
});

it('any text in a record is one record in the journal, and the same text', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.constantFrom('', hostile, '\n', '\r\n'),
      async (text, end) => {
        const directory = join(temporaryDirectory(), 'ledger');
        const message = sanitizer.text(text + end);
        const record: LedgerRecord = {
          type: 'event',
          at: 1,
          traceId: 'a'.repeat(32),
          level: 'info',
          category: 'x',
          event: sanitizer.name(text + end),
          message,
          details: sanitizer.json({ [text]: end }),
        };
        const journal = openJournal({ directory, owner: sampleOwner });
        journal.append(record, record);
        journal.close();
        expect(await scanRecords(directory)).toEqual([record, record]);
      },
    ),
    { numRuns: 50 },
  );
});
