import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LedgerRecord } from '../../src/projection/record.ts';
import { runCli } from '../cli/cli-process.ts';
import { type OtlpReceiver, startOtlpReceiver } from './otlp-receiver.ts';
import { createWorkshop, type Ended, type Workshop } from './program.ts';

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';

/** Requests as bytes: the headers that a client library would refuse to send. */
const requests: Readonly<Record<string, readonly string[]>> = {
  'an invalid traceparent': [`traceparent: 00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`],
  'a traceparent that is no such thing': ['traceparent: \u001b[31m;drop table', 'tracestate: ===,,,'],
  'a traceparent twice': [`traceparent: 00-${trace}-00f067aa0ba902b7-01`, 'traceparent: x'],
  'a huge traceparent': [`traceparent: ${'0'.repeat(8000)}`],
  'invalid baggage': ['baggage: ===;;;,,,=%ZZ,\u00ff\u00fe=%00'],
  'huge baggage': [`baggage: ${'a=b,'.repeat(3000)}`],
  'escapes in the correlation id': ['X-Correlation-ID: a\u001b[31mred'],
  'a huge correlation id': [`X-Correlation-ID: ${'a'.repeat(9000)}`],
  'a correlation id that is a header': ['X-Correlation-ID: a%0d%0aSet-Cookie: b'],
  'invalid UTF-8': ['X-Note: \u00ff\u00fe\u00c0\u0080', 'User-Agent: \u00c3\u0028'],
  'controls in a header': ['User-Agent: a\tb\u0080\u009b31m'],
  'a header that begins a line': ['User-Agent: a\r\n {"type":"event"}'],
  'NUL in a header': ['User-Agent: a\u0000b'],
  'a header beyond all measure': [`X-Large: ${'x'.repeat(100_000)}`],
};
const paths = [
  '/%00%0d%0a%1b[31m',
  '/%ff%fe%c0%80',
  '/\u00ff\u00fe',
  '/%',
  `/${'a'.repeat(12_000)}`,
  '//a@b:c/%2e%2e?x=%zz',
  '*',
];

let workshop: Workshop;
let receiver: OtlpReceiver;
let ended: Ended;
let records: readonly LedgerRecord[];
const answers = new Map<string, string>();

async function send(port: number, name: string, lines: readonly string[], path = '/'): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.end(
    Buffer.from(
      `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${lines.join('\r\n')}${lines.length ? '\r\n' : ''}\r\n`,
      'latin1',
    ),
  );
  answers.set(name, await text(socket).catch((error: unknown) => String(error)));
}

beforeAll(async () => {
  workshop = createWorkshop();
  receiver = await startOtlpReceiver();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, SPANLEDGER_EXIT_TIMEOUT: '30000' };
  const program = workshop.start({ script: 'server.mjs', env });
  let said = '';
  program.child.stdout?.on('data', (chunk: string) => {
    said += chunk;
  });
  await program.said('port ');
  const port = Number(/port (\d+)/.exec(said)?.[1]);
  for (const [name, lines] of Object.entries(requests)) await send(port, name, lines);
  for (const path of paths) await send(port, path, [], path);
  await send(port, 'the end', ['X-Correlation-ID: plain-1'], '/end');
  ended = await program.ended;
  records = await workshop.records();
});
afterAll(async () => {
  await workshop.remove();
  await receiver.close();
});

it('leave the program well', () => {
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(answers.get('the end')).toMatch(/^HTTP\/1\.1 200 /);
});

it('are each answered as Node answers them, with 200 or 400 or 431', () => {
  for (const [name, answer] of answers) {
    // Node closes the connection under what is still being sent; the answer may be lost with it.
    const isCutOff = name === 'a header beyond all measure' && /ECONNRESET|EPIPE/.test(answer);
    if (!isCutOff) expect(`${name}: ${answer.slice(0, 12)}`).toMatch(/: HTTP\/1\.1 (?:200|400|431)$/);
  }
});

it('are each one record, however many lines they pretend to be', () => {
  const answered = [...answers.values()].filter((answer) => answer.startsWith('HTTP/1.1 200')).length;
  expect(answered).toBeGreaterThan(10);
  expect(records.filter((record) => record.type === 'event' && record.message?.startsWith('request of'))).toHaveLength(
    answered,
  );
  expect(records.filter((record) => record.type === 'request')).toHaveLength(answered);
});

it('get no header and leave no id that holds more than ids are made of', () => {
  for (const answer of answers.values()) {
    const ids = [...answer.matchAll(/^x-correlation-id: (.*)\r$/gim)].map(([, id]) => id ?? '');
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9._:/@+=-]{1,128}$/);
    expect(answer).not.toMatch(/^set-cookie/im);
  }
  for (const { correlationId, traceId } of records.map((record) => record as Partial<LedgerRecord>)) {
    if (correlationId !== undefined) expect(correlationId).toMatch(/^[A-Za-z0-9._:/@+=-]{1,128}$/);
    expect(traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
  }
  expect(answers.get('the end')).toMatch(/x-correlation-id: plain-1\r/i);
});

it('are each one span and one log record over OTLP, whose ids are ids', () => {
  const requested = records.filter((record) => record.type === 'request');
  const ids = requested.map(({ traceId, spanId }) => `${traceId} ${spanId}`).sort();
  const served = receiver.spans.filter(({ kind }) => kind === 2);
  expect(served.map(({ traceId, spanId }) => `${traceId} ${spanId}`).sort()).toEqual(ids);
  for (const { name } of served) expect(name).toBe('GET');
  expect(receiver.logs.filter(({ eventName }) => eventName === 'audit')).toHaveLength(requested.length);
});

it.each([
  ['logs', '--all', '--last', '1000'],
  ['timeline', trace],
  ['why', trace],
  ['logs', '--correlation-id', 'plain-1'],
  ['running'],
  ['stats'],
  ['doctor'],
])('neither forge a line nor move a cursor in spanledger %s', async (...argv) => {
  const environment = { SPANLEDGER_DIR: join(workshop.directory, 'ledger') };
  const { output, errors } = await runCli(argv, { cwd: workshop.directory, environment });
  expect(`${output}${errors}`.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029]/u);
  expect(output).not.toMatch(/^\s*\{"type":"event"\}/m);
  const told = await runCli([...argv, '--json'], { cwd: workshop.directory, environment });
  expect(told.output.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}]/u);
  for (const line of told.output.split('\n')) if (line !== '') expect(() => JSON.parse(line)).not.toThrow();
});
