// What an append costs on the main thread, as ratios to a bare writeSync of the same bytes in the same run.
// Run `npm run build` first, then `node bench/journal.js`. The best of many short rounds counts: it is the least disturbed.
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { FrameBatch } from '../dist/journal/frame-batch.js';
import { openJournal } from '../dist/journal/open-journal.js';
import { readSegment } from '../dist/journal/segment-reader.js';

const groupSize = 30;
const roundSize = 600;
const rounds = 300;
const directory = mkdtempSync(join(tmpdir(), 'spanledger-bench-'));
const records = Array.from({ length: roundSize }, (_, index) => createRecord(index));
const bytes = Buffer.alloc(64 * 1024, 'x');
const batch = new FrameBatch();
const sizes = records.map((record) => encode(record));
const meanSize = Math.round(sizes.reduce((sum, size) => sum + size, 0) / sizes.length);

try {
  await main();
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function main() {
  const journal = openJournal({
    directory,
    owner: { instanceId: 'bench', service: 'bench', host: 'here', pid: process.pid, startedAt: 1 },
  });
  const descriptor = openSync(join(directory, 'bare'), 'a');
  const groups = Array.from({ length: roundSize / groupSize }, (_, index) =>
    records.slice(index * groupSize, (index + 1) * groupSize),
  );
  const measured = measure({
    'writeSync of the same bytes': (index) => writeSync(descriptor, bytes, 0, sizes[index]),
    [`writeSync of ${groupSize} at once`]: every(groupSize, () =>
      writeSync(descriptor, bytes, 0, meanSize * groupSize),
    ),
    'append of one': (index) => journal.append(records[index]),
    [`append of ${groupSize} together`]: every(groupSize, (index) => journal.append(...groups[index / groupSize])),
    'encode: text frame, our encoder': (index) => encode(records[index]),
    'encode: text frame, JSON.stringify': (index) => frameAsText(JSON.stringify(records[index])),
    'encode: binary frame, JSON.stringify': (index) => frameAsBinary(JSON.stringify(records[index])),
  });
  closeSync(descriptor);
  journal.close();
  const bare = measured['writeSync of the same bytes'];
  const rows = Object.entries(measured).map(([name, micros]) => ({
    what: name,
    'µs per record': micros.toFixed(2),
    'times a bare write': (micros / bare).toFixed(2),
  }));
  console.log(`Records of ${meanSize} bytes on average, Node ${process.version}.`);
  console.table(rows);
  const share = measured['encode: text frame, our encoder'] / measured['append of one'];
  console.log(`Encoding is ${(share * 100).toFixed(0)} % of an append.`);
  await measureReading(journal.path);
}

/** The best round of each, taken in turns, so that a disturbance hits all alike. Microseconds for one record. */
function measure(subjects) {
  const best = Object.fromEntries(Object.keys(subjects).map((name) => [name, Number.POSITIVE_INFINITY]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, subject] of Object.entries(subjects)) {
      const start = process.hrtime.bigint();
      for (let index = 0; index < roundSize; index += 1) subject(index);
      best[name] = Math.min(best[name], Number(process.hrtime.bigint() - start) / roundSize / 1_000);
    }
  }
  return best;
}

function every(count, subject) {
  return (index) => {
    if (index % count === 0) subject(index);
  };
}

async function measureReading(path) {
  const start = process.hrtime.bigint();
  let count = 0;
  for (let from = 0; ; ) {
    const stretch = await readSegment(join(path, '00000001.log'), { from, isClosed: true });
    count += stretch.entries.length;
    from = stretch.to;
    if (stretch.tail !== 'more') break;
  }
  const micros = Number(process.hrtime.bigint() - start) / 1_000;
  console.log(
    `Reading: ${(micros / count).toFixed(2)} µs per record, ${Math.round((count / micros) * 1e6).toLocaleString('en')} records/s.`,
  );
}

function encode(record) {
  batch.clear();
  batch.add(2, record);
  return batch.length;
}

function frameAsText(json) {
  const length = bytes.write(json, 9);
  bytes.latin1Write(
    crc32(bytes.subarray(9, 9 + length))
      .toString(16)
      .padStart(8, '0'),
    0,
  );
  bytes[8] = 32;
  bytes[9 + length] = 10;
  return length;
}

function frameAsBinary(json) {
  const length = bytes.write(json, 8);
  bytes.writeUInt32LE(length, 0);
  bytes.writeUInt32LE(crc32(bytes.subarray(8, 8 + length)), 4);
  return length;
}

/** What an import of files writes: for each item transitions, and starts and ends of steps. */
function createRecord(index) {
  const at = 1_763_781_720_000_000 + index * 977;
  const ids = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    sessionId: 'local-7',
    itemId: `lib/index-${index}.js`,
  };
  const unit = {
    ...ids,
    parentSpanId: '00f067aa0ba902b7',
    unit: 'step',
    taskName: 'import',
    stepName: 'analyze',
    order: 1,
    attempt: 1,
  };
  if (index % 4 === 0) return { type: 'start', ...unit, at, version: at };
  if (index % 4 === 1) return { type: 'end', ...unit, at, startAt: at - 900, version: at, status: 'SUCCESS' };
  const event = {
    level: 'info',
    category: 'import',
    event: 'import.item.transition',
    seq: index % 7,
    version: at,
    unit: 'item',
  };
  return {
    type: 'event',
    ...ids,
    at,
    ...event,
    message: `${ids.itemId}: pending to analyzing`,
    fromState: 'pending',
    toState: 'analyzing',
    reason: 'taken',
    attempt: 1,
  };
}
