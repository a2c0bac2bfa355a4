import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { frameText } from '../../src/journal/frame.ts';
import { maxFrameBytes } from '../../src/journal/frame-batch.ts';
import { listJournals } from '../../src/journal/journal-listing.ts';
import { openJournal } from '../../src/journal/open-journal.ts';
import { readSegment } from '../../src/journal/segment-reader.ts';
import { createPlace, onlySegment, readAll } from './journal-place.ts';
import { createEvent, createOwner } from './sample-records.ts';

/** A segment with so many records, and the offset behind each. */
async function writeSegment(
  count: number,
): Promise<{ directory: string; path: string; bytes: Buffer; ends: number[] }> {
  const directory = createPlace();
  const journal = openJournal({ directory, owner: createOwner() });
  for (let seq = 1; seq <= count; seq += 1) journal.append(createEvent(seq));
  journal.close();
  const { entries } = await readAll(directory);
  return { directory, ...(await onlySegment(directory)), ends: entries.map(({ end }) => end) };
}

describe('reading a segment', () => {
  it('yields records, owner and offsets in order, whatever the size of the stretches', async () => {
    const { directory, ends } = await writeSegment(20);
    const whole = await readAll(directory);
    const pieces = await readAll(directory, 64);
    expect(whole.entries.map(({ record }) => record)).toEqual(Array.from({ length: 20 }, (_, i) => createEvent(i + 1)));
    expect(
      whole.entries.every(({ owner, segment }) => owner.instanceId === 'instance-1' && segment === '00000001'),
    ).toBe(true);
    expect(pieces).toEqual(whole);
    expect(whole.entries.slice(1).map(({ start }) => start)).toEqual(ends.slice(0, -1));
  });

  it('goes on at any offset that it has answered', async () => {
    const { path, ends } = await writeSegment(5);
    const stretch = await readSegment(path, { from: ends[2] ?? 0 });
    expect(stretch).toMatchObject({ status: 'read', to: ends[4], tail: 'end' });
    expect(stretch.status === 'read' && stretch.entries.map(({ record }) => record)).toEqual([
      createEvent(4),
      createEvent(5),
    ]);
  });

  it('recognises a tail torn at every byte of the last record', async () => {
    const { path, bytes, ends } = await writeSegment(3);
    const last = ends[1] ?? 0;
    for (let size = bytes.length - 1; size > last; size -= 1) {
      truncateSync(path, size);
      for (const isClosed of [true, false]) {
        const stretch = await readSegment(path, { isClosed });
        expect(stretch).toMatchObject({ status: 'read', to: last, tail: 'torn', tornBytes: size - last, damaged: [] });
        expect(stretch.status === 'read' && stretch.entries.length).toBe(2);
      }
    }
    truncateSync(path, last);
    expect(await readSegment(path)).toMatchObject({ to: last, tail: 'end', tornBytes: 0 });
  });

  it('finds the record behind a torn tail once it is complete', async () => {
    const { path, bytes, ends } = await writeSegment(3);
    truncateSync(path, bytes.length - 10);
    const torn = await readSegment(path);
    appendFileSync(path, bytes.subarray(bytes.length - 10));
    const rest = await readSegment(path, { from: torn.status === 'read' ? torn.to : 0 });
    expect(rest).toMatchObject({ to: ends[2], tail: 'end', damaged: [] });
  });

  it('skips a record with any one byte changed, reports it, and reads those around it', async () => {
    const { path, bytes, ends } = await writeSegment(3);
    const [start = 0, end = 0] = ends;
    for (let at = start; at < end; at += 1) {
      const damagedBytes = Buffer.from(bytes);
      damagedBytes[at] = (bytes[at] ?? 0) ^ 0x04;
      writeFileSync(path, damagedBytes);
      const stretch = await readSegment(path, { isClosed: true });
      const seqs = stretch.status === 'read' ? stretch.entries.map(({ record }) => 'seq' in record && record.seq) : [];
      // The newline is the one byte whose loss takes the next record along: two lines have become one.
      expect(seqs).toEqual(at === end - 1 ? [1] : [1, 3]);
      const lost = stretch.status === 'read' ? stretch.damaged : [];
      expect(lost.map((one) => one.reason)).toEqual(at === end - 1 ? ['checksum'] : lost.map(() => 'checksum'));
      expect(lost[0]?.start).toBe(start);
      expect(lost.at(-1)?.end).toBe(at === end - 1 ? ends[2] : end);
      expect(Buffer.concat(lost.map((one) => one.bytes))).toEqual(damagedBytes.subarray(start, lost.at(-1)?.end));
    }
  });

  it('waits for a damaged last line while its writer lives, and reports it when it does not', async () => {
    const { path, bytes, ends } = await writeSegment(2);
    const damagedBytes = Buffer.from(bytes);
    damagedBytes[bytes.length - 4] = 0;
    writeFileSync(path, damagedBytes);
    expect(await readSegment(path, { isClosed: false })).toMatchObject({ to: ends[0], tail: 'torn', damaged: [] });
    expect(await readSegment(path, { isClosed: true })).toMatchObject({
      to: ends[1],
      tail: 'end',
      damaged: [{ start: ends[0] }],
    });
  });

  it('resynchronises behind a hole of zeros, as a crash of the machine leaves it', async () => {
    const { path, bytes, ends } = await writeSegment(4);
    const [first = 0, , third = 0] = ends;
    writeFileSync(path, Buffer.from(bytes).fill(0, first + 20, third - 20));
    const stretch = await readSegment(path, { isClosed: true });
    expect(stretch).toMatchObject({ damaged: [{ start: first, end: third, reason: 'checksum' }] });
    expect(stretch.status === 'read' && stretch.entries.length).toBe(2);
  });

  it('reports a line that holds no record although its checksum fits', async () => {
    const { path } = await writeSegment(1);
    appendFileSync(path, frameText('{"type":"rumour","at":1,"traceId":"x"}'));
    appendFileSync(path, frameText('not json'));
    appendFileSync(path, frameText(JSON.stringify(createEvent(2))));
    const stretch = await readSegment(path);
    expect(stretch).toMatchObject({ damaged: [{ reason: 'not-a-record' }, { reason: 'not-json' }], tail: 'end' });
    expect(stretch.status === 'read' && stretch.entries.length).toBe(2);
  });

  it('reads a line longer than a stretch', async () => {
    const directory = createPlace();
    const journal = openJournal({ directory, owner: createOwner() });
    journal.append(createEvent(1, { stack: 'x'.repeat(3_000_000) }), createEvent(2));
    journal.close();
    const { entries } = await readAll(directory, 1_024);
    expect(entries.map(({ record }) => 'seq' in record && record.seq)).toEqual([1, 2]);
  });

  it('gives up on a line that nobody can have written, in bounded memory', async () => {
    const { path, ends } = await writeSegment(1);
    const block = Buffer.alloc(1024 * 1024, 'x');
    for (let written = 0; written <= maxFrameBytes; written += block.length) appendFileSync(path, block);
    appendFileSync(path, Buffer.concat([Buffer.from('\n'), frameText(JSON.stringify(createEvent(2)))]));
    const first = await readSegment(path, { from: ends[0] ?? 0, isClosed: true });
    expect(first).toMatchObject({ damaged: [{ reason: 'too-long' }], tail: 'more' });
    const { entries } = await readAll(join(path, '..', '..', '..'));
    expect(entries.map(({ record }) => record)).toEqual([createEvent(1), createEvent(2)]);
  });

  it('refuses a segment of a newer format', async () => {
    const { path } = await writeSegment(1);
    writeFileSync(path, frameText(JSON.stringify({ format: 2, owner: createOwner() })));
    const read = await readSegment(path);
    expect(read.status === 'newer' && read.error.code).toBe('SPANLEDGER_JOURNAL_NEWER');
    expect(read.status === 'newer' && read.error.message).toContain('format 2');
  });

  it('refuses a segment without a readable header beside an owner file of a newer format', async () => {
    const { path } = await writeSegment(1);
    writeFileSync(path, 'binary of the future');
    writeFileSync(join(path, '..', 'owner.json'), JSON.stringify({ format: 2, owner: createOwner() }));
    expect(await readSegment(path)).toMatchObject({ status: 'newer' });
  });

  it('takes the owner from the owner file where the header is damaged', async () => {
    const { path, bytes, ends } = await writeSegment(2);
    writeFileSync(path, Buffer.from(bytes).fill('?', 3, 6));
    const stretch = await readSegment(path, { isClosed: true });
    expect(stretch).toMatchObject({
      status: 'read',
      owner: createOwner(),
      to: ends[1],
      damaged: [{ start: 0, reason: 'checksum' }],
    });
    expect(stretch.status === 'read' && stretch.entries.length).toBe(2);
  });

  it.each([1_700, 1_999, 2_000, 2_001, 2_047, 2_048, 2_049, 4_096, 60_000])(
    'takes the owner from a header of %i bytes',
    async (length) => {
      const path = join(createPlace(), '00000001.log');
      const shortest = frameText(JSON.stringify({ format: 1, owner: { ...createOwner(), service: '' } })).length;
      const owner = { ...createOwner(), service: 's'.repeat(length - shortest) };
      const header = frameText(JSON.stringify({ format: 1, owner }));
      expect(header.length).toBe(length);
      const journal = openJournal({ directory: createPlace(), owner });
      journal.append(createEvent(1));
      journal.close();
      const [, line = ''] = readFileSync(join(journal.path, '00000001.log'), 'utf8').split('\n');
      for (const behind of ['', `${line}\n`, 'torn']) {
        writeFileSync(path, Buffer.concat([header, Buffer.from(behind)]));
        const stretch = await readSegment(path);
        expect(stretch).toMatchObject({ status: 'read', owner, tornBytes: behind === 'torn' ? 4 : 0 });
        expect(stretch.status === 'read' && stretch.entries.map(({ start }) => start)).toEqual(
          behind.endsWith('\n') ? [length] : [],
        );
      }
      writeFileSync(path, header.subarray(0, -1));
      expect(await readSegment(path)).toEqual({ status: 'unreadable', bytes: length - 1 });
    },
  );

  it('says that a segment is absent or unreadable instead of guessing', async () => {
    const directory = createPlace();
    const path = join(directory, '00000001.log');
    expect(await readSegment(path)).toEqual({ status: 'absent' });
    writeFileSync(path, 'half a hea');
    expect(await readSegment(path)).toEqual({ status: 'unreadable', bytes: 10 });
  });

  it('parses only the lines that mention what is asked for', async () => {
    const { path, ends } = await writeSegment(5);
    const stretch = await readSegment(path, { mention: Buffer.from('"seq":4,') });
    expect(stretch).toMatchObject({ to: ends[4], tail: 'end', entries: [{ record: createEvent(4), end: ends[3] }] });
  });
});

describe('listing journals', () => {
  it('lists nothing where there is no journal', async () => {
    expect(await listJournals(join(createPlace(), 'nowhere'))).toEqual([]);
  });
});
