import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';
import { openJournal } from '../../src/journal/open-journal.ts';
import type { JournalOwner, LedgerRecord } from '../../src/projection/record.ts';
import { type RecordedSession, recordsOf } from './recorded-session.ts';

/** A directory that is gone when the test has ended. */
export function temporaryDirectory(): string {
  const directory = makeDirectory();
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }));
  return directory;
}

/** A directory that is gone when all tests of the file, or of the block around, have ended. */
export function heldDirectory(): string {
  const directory = makeDirectory();
  afterAll(() => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }));
  return directory;
}

function makeDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'spanledger-cli-'));
}

/** When the sessions of {@link sampleSessions} begin. */
export const startAt = Date.UTC(2026, 0, 31, 8);
const hour = 3_600_000;

/** The process that writes the samples. */
export const sampleOwner: JournalOwner = {
  instanceId: 'instance-1',
  service: 'importer',
  host: 'host-1',
  pid: process.pid,
  startedAt: startAt * 1000,
};

/** Appends records to a real journal in `directory` and closes it. */
export function writeJournal(directory: string, records: readonly LedgerRecord[], instanceId = 'instance-1'): void {
  const journal = openJournal({ directory, owner: { ...sampleOwner, instanceId } });
  for (const record of records) journal.append(record);
  journal.close();
}

/** Four sessions: mixed, duplicates only, failed, one still open; the id of one begins like another's. */
export const sampleSessions: readonly RecordedSession[] = [
  {
    id: '12',
    kind: 'local',
    accountId: '456',
    startAt,
    items: { 'a.jpg': 'imported', 'b.jpg': 'skipped', 'c.jpg': 'failed' },
    traceId: '0af7651916cd43dd8448eb211c80319c',
  },
  {
    id: '120',
    kind: 'local',
    accountId: '456',
    startAt: startAt + hour,
    items: { 'a.jpg': 'skipped', 'b.jpg': 'skipped' },
    traceId: '1af7651916cd43dd8448eb211c80319c',
  },
  {
    id: 'failing',
    kind: 'picker',
    accountId: '789',
    startAt: startAt + 2 * hour,
    items: { 'x.jpg': 'failed', 'y.jpg': 'failed' },
    traceId: '2af7651916cd43dd8448eb211c80319c',
  },
  {
    id: 'open',
    kind: 'picker',
    accountId: '789',
    startAt: startAt + 3 * hour,
    items: { 'x.jpg': 'imported', 'y.jpg': 'imported' },
    open: true,
    traceId: '3af7651916cd43dd8448eb211c80319c',
  },
];

/** The records of all sample sessions, and two that belong to jobs. */
export function sampleRecords(): LedgerRecord[] {
  return [
    ...sampleSessions.flatMap(recordsOf),
    jobRecord('job.step', { taskId: 'job-9' }),
    jobRecord('job.log', { details: '{"job_id":"job-77"}' }),
  ];
}

function jobRecord(event: string, fields: object): LedgerRecord {
  const at = (startAt - hour) * 1000;
  const traceId = '4af7651916cd43dd8448eb211c80319c';
  return { type: 'event', at, level: 'debug', category: 'validation', event, message: event, traceId, ...fields };
}
