import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonOf, nextLine } from '../../src/journal/frame.ts';
import { FrameBatch } from '../../src/journal/frame-batch.ts';
import { fieldKinds } from '../../src/journal/record-encoder.ts';
import type { EventRecord, LedgerRecord } from '../../src/projection/record.ts';
import { createEnd, createEvent, createRequest, createStart } from './sample-records.ts';

/** What a segment holds of a record. */
function decoded(record: LedgerRecord): unknown {
  const batch = new FrameBatch();
  expect(batch.add(0, record)).toBe(true);
  const bytes = Buffer.from(batch.frame(0));
  const line = nextLine(bytes, 0);
  expect(line).toEqual({ start: 0, end: bytes.length, isWhole: true });
  return line === undefined ? undefined : JSON.parse(jsonOf(bytes, line));
}

const text = fc.string({ unit: 'binary', maxLength: 700 });
const wildText = fc.oneof(
  text,
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', '"', '\\', '\n', '\u0000', '\ud800', 'é', '漢字', '😀', '\u007f', '\u2028'),
);
const integer = fc.oneof(
  fc.nat(),
  fc.maxSafeNat(),
  fc.constantFrom(0, 9, 10, 99, 100, 999_999_999, 1e9, 1e15 - 1, 1e15, 1_763_781_720_000_007),
);
const number = fc.oneof(integer, fc.double({ noDefaultInfinity: true, noNaN: true }), fc.integer());

/** Every field that a record of the type may have, with any value. */
const recordOf = (sample: LedgerRecord): fc.Arbitrary<LedgerRecord> => {
  const values = Object.entries(fieldKinds).map(([name, kind]): [string, fc.Arbitrary<unknown>] => {
    if (name === 'actions') return [name, fc.array(wildText, { maxLength: 3 })];
    if (name === 'counts')
      return [
        name,
        fc.constant({ total: 3, pending: 0, processing: 0, imported: 1, skipped: 1, failed: 1, missing: 0 }),
      ];
    return [name, kind === 'text' ? wildText : number];
  });
  const own = values.filter(([name]) => fieldsOf[sample.type].includes(name));
  return fc
    .record(Object.fromEntries(own), { requiredKeys: [] })
    .map((more) => ({ ...sample, ...more }) as unknown as LedgerRecord);
};

const ids = [
  'traceId',
  'spanId',
  'sessionId',
  'itemId',
  'correlationId',
  'requestId',
  'taskId',
  'userId',
  'service',
  'at',
];
const identity = [
  ...ids,
  'parentSpanId',
  'unit',
  'taskName',
  'stepName',
  'order',
  'attempt',
  'input',
  'total',
  'expectation',
  'version',
];
const fieldsOf: Readonly<Record<LedgerRecord['type'], readonly string[]>> = {
  start: identity,
  end: [...identity, 'startAt', 'status', 'done', 'output', 'errorMessage', 'stack'],
  event: [
    ...ids,
    'level',
    'category',
    'event',
    'message',
    'seq',
    'version',
    'unit',
    'fromState',
    'toState',
    'reason',
    'durationMillis',
    'details',
    'errorType',
    'errorMessage',
    'stack',
    'actions',
    'kind',
    'accountId',
    'attempt',
    'done',
    'total',
    'counts',
    'waitingUntil',
    'waitReason',
  ],
  request: [
    ...ids,
    'direction',
    'method',
    'endpoint',
    'route',
    'requestHeader',
    'requestBody',
    'responseStatus',
    'responseBody',
    'durationMillis',
    'ipAddress',
  ],
};

describe('the encoder', () => {
  it('knows every field of every type of record', () => {
    const all = new Set(Object.values(fieldsOf).flat());
    expect([...all].sort()).toEqual(Object.keys(fieldKinds).sort());
  });

  it.each([createStart(1), createEnd(2), createEvent(3), createRequest(4)])(
    'writes every $type record so that it reads back as JSON.stringify would have it',
    (sample) => {
      fc.assert(
        fc.property(recordOf(sample), (record) => {
          expect(decoded(record)).toEqual(JSON.parse(JSON.stringify(record)));
        }),
        { numRuns: 300 },
      );
    },
  );

  it('replaces nothing in a text longer than its first buffer', () => {
    const stack = '  at step (file.ts:1:1)\n'.repeat(10_000);
    expect(decoded(createEvent(1, { stack }))).toMatchObject({ stack });
  });

  it('writes durations as JSON.stringify would have them, down to the microsecond and below', () => {
    const written = (durationMillis: number): string => {
      const batch = new FrameBatch();
      batch.add(0, createRequest(1, { durationMillis }));
      return /"durationMillis":([^,}]+)/.exec(Buffer.from(batch.frame(0)).toString())?.[1] ?? '';
    };
    const micros = [1, 9, 10, 99, 100, 101, 999, 1_001, 1_010, 1_100, 999_999_999, 1_000_000_001, 2 ** 40 + 1];
    const durations = [
      ...micros.map((count) => count / 1_000),
      0.0004,
      0.0005,
      1.0005,
      1e-7,
      1e21,
      1.5e300,
      -0.25,
      -1.001,
    ];
    expect(durations.map(written)).toEqual(durations.map((duration) => JSON.stringify(duration)));
    fc.assert(fc.property(fc.nat(2 ** 31 - 1), (count) => written(count / 1_000) === JSON.stringify(count / 1_000)));
  });

  it('leaves out a number that JSON cannot hold', () => {
    const record = createEvent(1, { durationMillis: Number.NaN, total: Number.POSITIVE_INFINITY });
    expect(decoded(record)).toEqual({ ...createEvent(1) });
  });

  it('keeps what a caller without types puts in place of a text', () => {
    const record = { ...createEvent(1), itemId: 42, userId: null } as unknown as EventRecord;
    expect(decoded(record)).toEqual({ ...createEvent(1), itemId: 42 });
  });

  it.each([
    ['without a time', { ...createEvent(1), at: Number.NaN }],
    ['of an unknown type', { ...createEvent(1), type: 'rumour' }],
    ['with a value that has no JSON', { ...createEvent(1), itemId: 7n }],
    [
      'whose getter throws',
      Object.defineProperty({ ...createEvent(1) }, 'reason', {
        get: () => {
          throw new Error('no');
        },
      }),
    ],
    ['that is nothing', undefined],
  ])('refuses a record %s and leaves the batch as it was', (_, record) => {
    const batch = new FrameBatch();
    batch.add(2, createEvent(1));
    const { length } = batch;
    expect(batch.add(2, record as unknown as LedgerRecord)).toBe(false);
    expect([batch.count, batch.length]).toEqual([1, length]);
    batch.add(2, createEvent(2));
    expect(Buffer.from(batch.frame(1)).toString()).toContain('"seq":2');
  });
});
