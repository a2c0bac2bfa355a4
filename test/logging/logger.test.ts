import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { logRecordFields } from '../../src/logging/log-record.ts';
import type { EventRecord } from '../../src/projection/record.ts';
import { createWorkshop } from '../register/program.ts';

const workshop = createWorkshop();
afterAll(() => workshop.remove());

function jsonLines(text: string): readonly Record<string, unknown>[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

it('writes a line of JSON per record and makes one row of each, with the ids of the work around it', async () => {
  const file = join(workshop.directory, 'app.log');
  const { stdout, stderr, code } = await workshop.run({
    script: 'logging.mjs',
    env: { SPANLEDGER_LOG_FILE: file, OTEL_SERVICE_NAME: 'importer' },
  });
  expect([code, stderr]).toEqual([0, '']);
  const own = stdout.split('\n').filter((line) => line.includes('import.worker'));
  expect(readFileSync(file, 'utf8')).toBe(`${own.join('\n')}\n`);
  const [line, failed, after, ...more] = jsonLines(own.join('\n'));
  expect(more).toEqual([]);
  expect(line).toMatchObject({
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    level: 'INFO',
    logger: 'import.worker',
    message: 'one only line\nand no more',
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
    service: 'importer',
    source: { file: expect.stringMatching(/logging\.mjs$/), line: 11 },
    extra: { job_id: 'job-9', provider: 'here', size: 3, password: '[redacted]' },
  });
  expect(failed).toMatchObject({
    level: 'ERROR',
    message: 'it failed',
    extra: { job_id: 'job-9', provider: 'here', attempt: 2 },
    exception: { type: 'TypeError', message: 'bad input', stack: expect.stringContaining('logging.mjs:12') },
  });
  expect(after).toMatchObject({ level: 'WARNING', extra: { part: 'b' } });
  expect(Object.keys(failed ?? {}).every((name) => (logRecordFields as readonly string[]).includes(name))).toBe(true);

  const records = await workshop.records();
  const rows = records.filter((record): record is EventRecord => 'event' in record && record.event === 'log');
  expect(rows.map(({ message, taskId }) => [message, taskId])).toEqual([
    ['one only line\nand no more', 'job-9'],
    ['it failed', 'job-9'],
    ['from another logger', 'job-9'],
    ['after the block', undefined],
  ]);
  for (const row of rows) {
    expect(row).toMatchObject({ sessionId: 's-7', itemId: 'i-1', traceId: line?.trace_id });
    expect(row.correlationId).toBe(line?.correlation_id);
  }
}, 120_000);

it('writes text for people, one line per record, without spanledger/register too', async () => {
  const { stdout } = await workshop.run({
    script: 'logging.mjs',
    flags: [],
    env: { SPANLEDGER_LOG_FORMAT: 'text', SPANLEDGER_LOG_LEVEL: 'DEBUG' },
  });
  const lines = stdout.trim().split('\n');
  expect(lines).toHaveLength(5);
  expect(lines[0]).toMatch(/Z INFO {5}import\.worker one only line\\nand no more /);
  expect(lines[4]).toMatch(/Z DEBUG {4}import\.worker not at this level /);
}, 120_000);
