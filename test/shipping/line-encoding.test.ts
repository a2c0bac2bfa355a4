import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { auditLevelNames } from '../../src/domain/audit.ts';
import { itemStateNames } from '../../src/domain/item-states.ts';
import { sessionStateNames } from '../../src/domain/session-states.ts';
import { frameText } from '../../src/journal/frame.ts';
import { FrameBatch } from '../../src/journal/frame-batch.ts';
import type { SegmentLines } from '../../src/journal/segment-lines.ts';
import { classOf, type LedgerRecord, recordClasses } from '../../src/projection/record.ts';
import { rowsOf } from '../../src/projection/rows.ts';
import { tables } from '../../src/projection/tables.ts';
import { type EncodedLines, encodeLines } from '../../src/shipping/line-encoding.ts';
import { partitionNeeds } from '../../src/shipping/partition-months.ts';
import { type EncodedTable, encodeRows } from '../../src/shipping/row-encoding.ts';
import { createEnd, createEvent, createOwner, createStart, sampleTime } from '../journal/sample-records.ts';

const owner = { ...createOwner(), service: 'importer "öst"' };

/** Lines as the journal writes them. */
function linesOf(records: readonly LedgerRecord[]): SegmentLines {
  const batch = new FrameBatch();
  for (const record of records) batch.add(recordClasses.indexOf(classOf(record)), record);
  return linesIn(Buffer.from(batch.bytes.subarray(0, batch.length)));
}

function linesIn(bytes: Buffer): SegmentLines {
  const ends: number[] = [];
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, end + 1)) ends.push(end + 1);
  const starts = [0, ...ends.slice(0, -1)];
  return {
    status: 'read',
    owner,
    segment: '00000001',
    bytes,
    memory: bytes,
    base: 500,
    starts,
    ends,
    damaged: [],
    to: 500 + bytes.length,
    tail: 'end',
    tornBytes: 0,
  };
}

/** Rows by table as hex, those of keyed tables sorted. */
function rowsByTable(encoded: readonly EncodedTable[]): Record<string, string[]> {
  const rows: Record<string, string[]> = {};
  for (const { table, data } of encoded) rows[table] = [...(rows[table] ?? []), ...splitRows(Buffer.from(data))];
  for (const [name, found] of Object.entries(rows)) {
    if (tables[name as keyof typeof tables].key.length > 0) found.sort();
  }
  return rows;
}

function splitRows(data: Buffer): string[] {
  const rows: string[] = [];
  for (let at = 19; data.readInt16BE(at) !== -1; ) {
    const start = at;
    const columns = data.readInt16BE(at);
    at += 2;
    for (let column = 0; column < columns; column += 1) at += 4 + Math.max(0, data.readInt32BE(at));
    rows.push(data.toString('hex', start, at));
  }
  return rows;
}

const hex = (length: number) =>
  fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`)).filter((text) => !/^0+$/.test(text));
const micros = fc.integer({ min: sampleTime, max: sampleTime + 1000 });
const anyText = fc.oneof(
  fc.constantFrom(
    'plain',
    'a "quoted" \\ word',
    'über ☃ 🚀',
    'line\nbreak\ttab',
    '\u0001\u0000',
    '\\u0041',
    '',
    '\ud83d',
  ),
  fc.string({ maxLength: 80, unit: 'binary' }),
);
const jsonText = fc.oneof(
  fc.json({ maxDepth: 2 }),
  fc.constantFrom('{"a":"\\u0000"}', '{"path":"C:\\\\users"}', '"\\ud800"'),
);
const few = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
/** Few of them, so that rows meet. */
const spans = fc.constantFrom('b7ad6b7169203331', '00f067aa0ba902b7', 'a3ce929d0e0e4736');
const traces = fc.oneof(fc.constant('0af7651916cd43dd8448eb211c80319c'), hex(32));
const count = fc.integer({ min: 0, max: 1_000_000 });

const ids = {
  traceId: traces,
  sessionId: few(fc.oneof(fc.constant('local-7'), anyText)),
  itemId: few(fc.oneof(fc.constantFrom('a.jpg', 'b.jpg'), anyText)),
  correlationId: few(anyText),
  requestId: few(anyText),
  taskId: few(anyText),
  userId: few(anyText),
  service: few(anyText),
};
const identity = {
  ...ids,
  spanId: spans,
  parentSpanId: few(spans),
  unit: fc.constantFrom('session', 'item', 'step', 'task', 'batch', 'chunk'),
  taskName: anyText,
  stepName: anyText,
  order: few(count),
  attempt: few(count),
  input: few(jsonText),
  total: few(count),
  expectation: few(jsonText),
  at: micros,
  version: micros,
};
const counts = fc.record({
  total: count,
  pending: count,
  processing: count,
  imported: count,
  skipped: count,
  failed: count,
  missing: count,
});
const states = few(fc.oneof(fc.constantFrom(...itemStateNames, ...sessionStateNames), anyText));

const anyRecord = fc.oneof(
  fc.record({ type: fc.constant('start'), ...identity }),
  fc.record({
    type: fc.constant('end'),
    ...identity,
    startAt: micros,
    status: fc.constantFrom('SUCCESS', 'FAILED'),
    done: few(count),
    output: few(jsonText),
    errorMessage: few(anyText),
    stack: few(anyText),
  }),
  fc.record({
    type: fc.constant('request'),
    ...ids,
    spanId: few(spans),
    at: micros,
    direction: fc.constantFrom('inbound', 'outbound'),
    method: anyText,
    endpoint: anyText,
    route: few(anyText),
    requestHeader: few(jsonText),
    requestBody: few(jsonText),
    responseStatus: few(count),
    responseBody: few(jsonText),
    durationMillis: fc.double({ noNaN: true, noDefaultInfinity: true }),
    ipAddress: few(anyText),
  }),
  fc.record({
    type: fc.constant('event'),
    ...ids,
    spanId: few(spans),
    at: micros,
    level: fc.constantFrom(...auditLevelNames),
    category: anyText,
    event: fc.oneof(
      fc.constantFrom('import.item.transition', 'import.session.start', 'import.session.transition'),
      anyText,
    ),
    message: anyText,
    seq: few(fc.integer({ min: -5, max: 100 })),
    version: few(micros),
    unit: few(fc.constantFrom('session', 'item', 'step', 'task')),
    fromState: states,
    toState: states,
    reason: few(anyText),
    durationMillis: few(fc.double({ noNaN: true, noDefaultInfinity: true })),
    details: few(jsonText),
    errorType: few(anyText),
    errorMessage: few(anyText),
    stack: few(anyText),
    actions: few(fc.array(anyText, { maxLength: 3 })),
    kind: few(anyText),
    accountId: few(anyText),
    attempt: few(fc.integer({ min: 1, max: 3 })),
    done: few(count),
    total: few(count),
    counts: few(counts),
    waitingUntil: few(micros),
    waitReason: few(anyText),
  }),
) as unknown as fc.Arbitrary<LedgerRecord>;

/** What a record is once it has been on disk. */
const written = (record: LedgerRecord): LedgerRecord =>
  JSON.parse(JSON.stringify(record).toWellFormed()) as LedgerRecord;

describe('the rows of lines', () => {
  test('are those of the records in them, whatever these hold', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRecord, { maxLength: 12 }), async (records) => {
        const encoded = await encodeLines(linesOf(records));
        const rows = records.flatMap((record) => rowsOf(written(record), owner));
        expect(rowsByTable(encoded.tables)).toEqual(rowsByTable(encodeRows(rows)));
        expect(encoded.records).toBe(records.length);
        expect(encoded.needs).toEqual(partitionNeeds(rows));
      }),
      { numRuns: 500 },
    );
  });

  test('are told apart by whether their key is new', async () => {
    const late = { spanId: '00f067aa0ba902b7' };
    const { tables: parts } = await encodeLines(
      linesOf([
        createStart(1),
        createEnd(1),
        createEnd(2, late),
        createEvent(1),
        createEvent(2, { fromState: 'checking' }),
      ]),
    );
    expect(parts.map(({ table, isFresh, data }) => [table, isFresh, splitRows(Buffer.from(data)).length])).toEqual([
      ['audit_log', false, 2],
      ['task_progress', true, 1],
      ['task_progress', false, 1],
      ['import_items', true, 1],
      ['import_items', false, 1],
    ]);
  });

  test('of a later attempt are not taken for new', async () => {
    const { tables: parts } = await encodeLines(linesOf([createEvent(1, { fromState: 'failed', attempt: 2 })]));
    expect(parts.find(({ table }) => table === 'import_items')?.isFresh).toBe(false);
  });

  test('leave out what is no record, and say where it stands', async () => {
    const noRecord = frameText('{"type":"none"}');
    const noJson = frameText('{"type":"event","at":1-,"traceId":"0af7651916cd43dd8448eb211c80319c"}');
    const whole = linesOf([createEvent(1)]).bytes;
    const { records, damaged } = await encodeLines(linesIn(Buffer.concat([noRecord, whole, noJson])));
    expect(records).toBe(1);
    expect(damaged.map(({ reason, start }) => [reason, start])).toEqual([
      ['not-a-record', 500],
      ['not-json', 500 + noRecord.length + whole.length],
    ]);
  });

  test('with members in another order or with spaces are the same', async () => {
    const { type, ...members } = createEvent(1);
    const turned = Object.fromEntries([...Object.entries(members), ['type', type]].reverse());
    const spaced = frameText(JSON.stringify(turned, undefined, 1).replaceAll('\n', ' '));
    const rows = (lines: EncodedLines) => rowsByTable(lines.tables);
    expect(rows(await encodeLines(linesIn(Buffer.from(spaced))))).toEqual(
      rows(await encodeLines(linesOf([createEvent(1)]))),
    );
  });

  test('with a value that its column cannot take are refused', async () => {
    await expect(encodeLines(linesOf([createEvent(2 ** 40)]))).rejects.toThrowError(/audit_log\.seq/);
  });

  test('let others have the thread now and then', async () => {
    let turns = 0;
    const turn = () => {
      turns += 1;
      ticking = setImmediate(turn);
    };
    let ticking = setImmediate(turn);
    const { records } = await encodeLines(linesOf(Array.from({ length: 2_000 }, (_, index) => createEvent(index))));
    clearImmediate(ticking);
    expect(records).toBe(2_000);
    expect(turns).toBeGreaterThan(4);
  });
});
