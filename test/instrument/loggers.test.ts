import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventRecord, LedgerRecord } from '../../src/projection/record.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../register/otlp-receiver.ts';
import { createWorkshop, type Ended, type Workshop } from '../register/program.ts';

const fixtures = join('..', '..', 'instrument', 'fixtures');

interface Run {
  readonly ended: Ended;
  /** What the logger in a worker thread wrote. */
  readonly file: string;
}

async function run(workshop: Workshop, script: string, flags: readonly string[], env = {}): Promise<Run> {
  const file = join(workshop.directory, `${flags.length}-lines`);
  const ended = await workshop.run({ script: join(fixtures, script), parameters: [file], flags, env });
  return { ended, file: readFileSync(file, 'utf8') };
}

function linesOf(records: readonly LedgerRecord[]): readonly EventRecord[] {
  return records.filter((record): record is EventRecord => 'event' in record && record.event === 'log');
}

function found(lines: readonly EventRecord[], message: string) {
  const [line, ...more] = lines.filter((one) => one.message === message);
  expect([message, line === undefined, more]).toEqual([message, false, []]);
  const details = line?.details === undefined ? undefined : JSON.parse(line.details);
  return { ...line, details } as Omit<EventRecord, 'details'> & { readonly details: Record<string, unknown> };
}

describe.each(['loggers.cjs', 'loggers.mjs'])('the lines of %s', (script) => {
  const bench = {} as { receiver: OtlpReceiver; workshop: Workshop; plain: Run; flagged: Run };
  let lines: readonly EventRecord[];
  beforeAll(async () => {
    bench.receiver = await startOtlpReceiver();
    bench.workshop = createWorkshop();
    bench.plain = await run(bench.workshop, script, []);
    bench.flagged = await run(bench.workshop, script, ['--import', 'spanledger/register'], {
      OTEL_EXPORTER_OTLP_ENDPOINT: bench.receiver.endpoint,
      SPANLEDGER_EXIT_TIMEOUT: '30000',
    });
    lines = linesOf(await bench.workshop.records());
  }, 120_000);
  afterAll(async () => {
    await bench.workshop.remove();
    await bench.receiver.close();
  });

  it('come out as they do without the flag, byte for byte', () => {
    const { stdout, stderr, code } = bench.plain.ended;
    expect(stdout).toContain('winston info');
    expect(bench.plain.file).toContain('pino in a thread');
    expect(bench.flagged.ended).toMatchObject({ stdout, stderr, code });
    expect(bench.flagged.file).toBe(bench.plain.file);
  });

  it.each([
    ['winston info', 'info', { logger: 'orders', amount: 7, ssn: '[redacted]', nested: { token: '[redacted]' } }],
    ['winston child', 'warning', { logger: 'orders', request: 'r1' }],
    ['hello splat', 'debug', { logger: 'orders' }],
    ['winston http', 'debug', { logger: 'orders' }],
    ['winston fatal', 'critical', { logger: 'winston' }],
    ['winston audit', 'critical', { logger: 'winston' }],
    ['winston alone 0', 'info', { logger: 'winston' }],
    ['winston alone 29', 'info', { logger: 'winston' }],
    ['winston named', 'info', { logger: 'named', label: 'named' }],
    ['pino info', 'info', { logger: 'billing', mixed: true, user: 9, card: '[Redacted]' }],
    ['pino notice', 'info', { logger: 'billing', part: 'child', mixed: true }],
    ['pino in a thread', 'info', { logger: 'pino', where: 'thread' }],
    ['bunyan info', 'info', { logger: 'mail', to: 3 }],
    ['bunyan child', 'warning', { logger: 'mail', part: 'child' }],
    ['console log 1 { a: 1 }', 'info', { logger: 'console' }],
    ['console debug', 'debug', { logger: 'console' }],
  ])('are each recorded once with level and fields: %s', (message, level, details) => {
    expect(found(lines, message)).toMatchObject({ level, category: 'log', details });
  });

  it('have the error they are about with type, message and stack', () => {
    const errors = ['winston failed no such order', 'pino fatal', 'bunyan failed'].map((one) => found(lines, one));
    expect(errors.map(({ errorType }) => errorType)).toEqual(['TypeError', 'RangeError', 'Error']);
    for (const { errorMessage, stack } of errors) expect(stack).toContain(errorMessage);
  });

  it('are recorded where winston catches what nobody else did', () => {
    const line = lines.find(({ message }) => message.includes('nobody caught this'));
    expect(line).toMatchObject({ level: 'error', errorType: 'Error' });
  });

  it('are not recorded where the service itself drops them', () => {
    expect(lines.filter(({ message }) => /below its level|filtered/.test(message))).toEqual([]);
  });

  it('stand in the trace in which they were written, as rows and over OTLP', () => {
    const { traceId, correlationId } = found(lines, 'pino info');
    expect(correlationId).toBe(traceId);
    const inTrace = ['winston info', 'winston alone 29', 'pino in a thread', 'bunyan info', 'console debug'];
    for (const message of inTrace) {
      expect(found(lines, message)).toMatchObject({ traceId, correlationId });
      const sent = bench.receiver.logs.filter(({ body }) => body === message);
      expect(sent).toMatchObject([{ traceId, attributes: { 'spanledger.correlation.id': traceId } }]);
    }
    expect(bench.receiver.bodies.join()).not.toContain('abcdefghijklmnop0123456789');
  });
});

it('takes no line of a logger that is switched off', async () => {
  const workshop = createWorkshop();
  await run(workshop, 'loggers.cjs', ['--import', 'spanledger/register'], {
    OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'console,winston,pino',
  });
  const lines = linesOf(await workshop.records());
  expect(lines.map(({ message }) => message)).toEqual(['bunyan info', 'bunyan child', 'bunyan failed']);
  await workshop.remove();
});
