import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { EventRecord } from '../../src/projection/record.ts';
import { createWorkshop, type Ended, type Workshop } from '../register/program.ts';

const script = join('..', '..', 'instrument', 'fixtures', 'worker-lines.cjs');
let workshop: Workshop;
let plain: Ended;
let flagged: Ended;
let lines: readonly EventRecord[];
beforeAll(async () => {
  workshop = createWorkshop();
  plain = await workshop.run({ script, flags: [] });
  flagged = await workshop.run({ script, env: { OWN_LINES: '1', SPANLEDGER_WATCHDOG: 'off' } });
  const records = await workshop.records();
  lines = records.filter((record): record is EventRecord => 'event' in record && record.event === 'log');
}, 120_000);
afterAll(() => workshop.remove());

function found(message: string): EventRecord {
  const [line, ...more] = lines.filter((one) => one.message === message);
  expect([message, more.length]).toEqual([message, 0]);
  if (line === undefined) throw new Error(`There is no ${message} among ${lines.map((one) => one.message)}.`);
  return line;
}

it('leaves what worker threads write as it is', () => {
  const sorted = ({ stdout }: Ended) =>
    stdout
      .split('\n')
      .filter((line) => !line.includes('our own'))
      .sort();
  expect(plain).toMatchObject({ code: 3, stderr: '' });
  expect(sorted(flagged)).toEqual(sorted(plain));
  expect(flagged).toMatchObject({ code: 3, stderr: '' });
});

it.each(['outer', 'inner'])(
  'S2.25 S2.27 records what loggers in the %s worker thread write, in the context of the work',
  (name) => {
    const { traceId } = found('before the worker');
    for (const message of [
      `winston in the ${name} worker`,
      `pino in the ${name} worker`,
      `console in the ${name} worker`,
    ])
      expect(found(message)).toMatchObject({ traceId, correlationId: 'order-7' });
    expect(found(`winston in the ${name} worker`).details).toContain('"order":7');
    expect(found(`pino in the ${name} worker`)).toMatchObject({
      level: 'warning',
      details: expect.stringContaining('[redacted]'),
    });
    expect(JSON.stringify(found(`console in the ${name} worker`))).toContain('job-9');
  },
);

it('records a line that a transport of pino writes in its thread once', () => {
  expect(flagged.stdout.match(/pino to a transport/g)).toHaveLength(1);
  expect(found('pino to a transport')).toBeDefined();
  expect(lines.filter(({ message }) => message.includes('pino to a transport'))).toHaveLength(1);
});

it('records what was sent when the process is ended by its main thread', () => {
  expect(found('pino in the last worker').level).toBe('error');
});

it('records what getLogger writes in a worker thread, once', () => {
  expect(flagged.stdout.match(/"message":"our own"/g)).toHaveLength(2);
  const rows = lines.filter(({ message }) => message === 'our own');
  expect(rows).toHaveLength(2);
  for (const row of rows) expect(row).toMatchObject({ correlationId: 'order-7', level: 'info' });
});
