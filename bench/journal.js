// @ts-check
// What an append costs on the main thread, against a bare writeSync of the same bytes in the same run, and how fast a journal is
// read. The best of many short rounds counts: it is the least disturbed. Needs a build.
//
//   node bench/journal.js [--rounds N] [--json FILE]
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { crc32 } from 'node:zlib';
import { FrameBatch } from '../dist/journal/frame-batch.js';
import { openJournal } from '../dist/journal/open-journal.js';
import { readSegment } from '../dist/journal/segment-reader.js';
import { figure, report } from './measurement.js';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '300' }, json: { type: 'string' } },
});
const rounds = Number(values.rounds);
const readings = 5;
const groupSize = 30;
const roundSize = 600;
const directory = mkdtempSync(join(tmpdir(), 'spanledger-bench-'));
const records = Array.from({ length: roundSize }, (_, index) => createRecord(index));
const bytes = Buffer.alloc(64 * 1024, 'x');
const batch = new FrameBatch();
const sizes = records.map((record) => encode(record));
const meanSize = Math.round(sizes.reduce((sum, size) => sum + size, 0) / sizes.length);

/** @typedef {import('../dist/projection/record.js').LedgerRecord} LedgerRecord */
/** @typedef {(record: LedgerRecord, index: number) => void} Subject */

const bare = 'writeSync of the same bytes';
const single = 'append of one record';
const encoding = 'encoding alone';

try {
  report(await measureAll(), { json: values.json });
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** @returns {Promise<import('./measurement.js').Result>} */
async function measureAll() {
  const owner = { instanceId: 'bench', service: 'bench', host: 'bench', pid: process.pid, startedAt: 1 };
  const journal = openJournal({ directory, owner });
  const descriptor = openSync(join(directory, 'bare'), 'a');
  const micros = measure({
    [bare]: (_, index) => writeSync(descriptor, bytes, 0, sizes[index]),
    [`writeSync of ${groupSize} at once`]: every(groupSize, () =>
      writeSync(descriptor, bytes, 0, meanSize * groupSize),
    ),
    [single]: (record) => journal.append(record),
    [`append of ${groupSize} together`]: every(groupSize, (index) =>
      journal.append(...records.slice(index, index + groupSize)),
    ),
    [encoding]: (record) => encode(record),
    'encoding with JSON.stringify, checksum included': (record) => frameAsText(JSON.stringify(record)),
  });
  closeSync(descriptor);
  journal.close();
  const writing = micros[bare] ?? Number.NaN;
  const rows = Object.entries(micros).map(([name, each]) => [name, figure(each), figure(each / writing)]);
  let reading = Number.POSITIVE_INFINITY;
  for (let round = 0; round < readings; round += 1) reading = Math.min(reading, await microsToRead(journal.path));
  rows.push(['reading back, checked and decoded', figure(reading), figure(reading / writing)]);
  return {
    name: 'journal',
    title: 'The journal',
    about: `Records of ${meanSize} bytes on average; the best of ${rounds} rounds of ${roundSize} records each, and of ${readings} readings.`,
    bound:
      'A system call for each append; records that come together share one. Nothing waits for the disk: fsync runs beside.',
    tables: [{ title: 'Main thread', columns: ['what', 'µs a record', 'of a bare write'], rows }],
    goals: [],
  };
}

/**
 * Microseconds for one record, the best round of each, taken in turns, so that a disturbance hits all alike.
 * @param {Record<string, Subject>} subjects
 */
function measure(subjects) {
  const best = Object.fromEntries(Object.keys(subjects).map((name) => [name, Number.POSITIVE_INFINITY]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, subject] of Object.entries(subjects)) {
      const start = process.hrtime.bigint();
      records.forEach(subject);
      const micros = Number(process.hrtime.bigint() - start) / roundSize / 1_000;
      best[name] = Math.min(best[name] ?? micros, micros);
    }
  }
  return best;
}

/** @param {number} count @param {(index: number) => void} subject @returns {Subject} */
function every(count, subject) {
  return (_, index) => {
    if (index % count === 0) subject(index);
  };
}

/** @param {string} path */
async function microsToRead(path) {
  const start = process.hrtime.bigint();
  let count = 0;
  for (let from = 0; ; ) {
    const stretch = await readSegment(join(path, '00000001.log'), { from, isClosed: true });
    if (stretch.status !== 'read') throw new Error(`The journal could not be read: ${stretch.status}`);
    count += stretch.entries.length;
    from = stretch.to;
    if (stretch.tail !== 'more') break;
  }
  return Number(process.hrtime.bigint() - start) / 1_000 / count;
}

/** @param {LedgerRecord} record */
function encode(record) {
  batch.clear();
  batch.add(2, record);
  return batch.length;
}

/** @param {string} json */
function frameAsText(json) {
  const length = bytes.write(json, 9);
  bytes.write(
    crc32(bytes.subarray(9, 9 + length))
      .toString(16)
      .padStart(8, '0'),
    0,
    'latin1',
  );
  bytes[8] = 32;
  bytes[9 + length] = 10;
}

/** What an import of files writes: for each item transitions, and starts and ends of steps. @param {number} index @returns {LedgerRecord} */
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
    unit: /** @type {const} */ ('step'),
    taskName: 'import',
    stepName: 'analyze',
    order: 1,
    attempt: 1,
  };
  if (index % 4 === 0) return { type: 'start', ...unit, at, version: at };
  if (index % 4 === 1) return { type: 'end', ...unit, at, startAt: at - 900, version: at, status: 'SUCCESS' };
  return {
    type: 'event',
    ...ids,
    at,
    level: 'info',
    category: 'import',
    event: 'import.item.transition',
    seq: index % 7,
    version: at,
    unit: 'item',
    message: `${ids.itemId}: pending to analyzing`,
    fromState: 'pending',
    toState: 'analyzing',
    reason: 'taken',
    attempt: 1,
  };
}
