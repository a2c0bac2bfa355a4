import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stateRoot } from '../../src/journal/layout.ts';
import { openJournal } from '../../src/journal/open-journal.ts';
import {
  pruneSessionNotes,
  readSessionNote,
  type SessionNote,
  sessionNotePath,
  writeSessionNote,
} from '../../src/journal/session-notes.ts';
import { scanSession } from '../../src/journal/session-scan.ts';
import { createPlace } from './journal-place.ts';
import { createEvent, createOwner, sampleTime } from './sample-records.ts';

const note: SessionNote = {
  id: 'local-7',
  state: 'processing',
  attempt: 1,
  version: sampleTime,
  instanceId: 'instance-1',
  at: sampleTime,
};

const sessionMove = (state: string, version: number, attempt = 1) =>
  createEvent(version, {
    unit: 'session',
    event: 'import.session.transition',
    toState: state,
    version,
    at: version,
    attempt,
  });

describe('the note of a session', () => {
  it('is left by every transition that passes the journal', () => {
    const directory = createPlace();
    const journal = openJournal({ directory, owner: createOwner() });
    journal.append(sessionMove('processing', sampleTime, 2));
    expect(readSessionNote(directory, 'local-7')).toEqual({ ...note, attempt: 2 });
    journal.append(createEvent(1), sessionMove('imported', sampleTime + 5, 2));
    expect(readSessionNote(directory, 'local-7')).toMatchObject({ state: 'imported', version: sampleTime + 5 });
    journal.close();
  });

  it('is not left by an event that only tells of a state', () => {
    const directory = createPlace();
    const journal = openJournal({ directory, owner: createOwner() });
    journal.append(createEvent(1, { unit: 'session', event: 'audit.entry', toState: 'failed' }));
    expect(readSessionNote(directory, 'local-7')).toBeUndefined();
    journal.close();
  });

  it('is not left by items', () => {
    const directory = createPlace();
    const journal = openJournal({ directory, owner: createOwner() });
    journal.append(createEvent(1));
    expect(readdirSync(directory)).toEqual(['journal']);
    journal.close();
  });

  it('does not go back to an older version', () => {
    const directory = createPlace();
    writeSessionNote(directory, { ...note, state: 'imported', version: 10 });
    writeSessionNote(directory, { ...note, version: 9 });
    expect(readSessionNote(directory, 'local-7')).toMatchObject({ state: 'imported', version: 10 });
  });

  it('exists for any id, and is of that id alone', () => {
    const directory = createPlace();
    const ids = ['', '../../x', 'ü/\n', 'a'.repeat(2_000)];
    for (const id of ids) writeSessionNote(directory, { ...note, id });
    for (const id of ids) expect(readSessionNote(directory, id)?.id).toBe(id);
    expect(readSessionNote(directory, 'other')).toBeUndefined();
  });

  it('that cannot be read is none', () => {
    const directory = createPlace();
    writeSessionNote(directory, note);
    for (const text of ['', '{', '{"id":"local-7"}', 'null']) {
      writeFileSync(sessionNotePath(directory, 'local-7'), text);
      expect(readSessionNote(directory, 'local-7')).toBeUndefined();
    }
  });

  it('goes when it is old and the session has ended, and stays otherwise', async () => {
    const directory = createPlace();
    const [longAgo, now] = [Date.UTC(2024, 0, 1) / 1000, Date.now() / 1000];
    const write = (id: string, changes: Partial<SessionNote>, writtenAt: number) => {
      writeSessionNote(directory, { ...note, id, at: writtenAt * 1_000_000, ...changes });
      utimesSync(sessionNotePath(directory, id), writtenAt, writtenAt);
    };
    write('old ended', { state: 'imported' }, longAgo);
    write('old open', {}, longAgo);
    write('new ended', { state: 'imported' }, now);
    const left = join(stateRoot(directory), 'left-by-one-that-died.json.new');
    writeFileSync(left, '');
    utimesSync(left, longAgo, longAgo);
    const pruning = { before: (now - 86_400) * 1_000_000, isEnded: (state: string) => state === 'imported' };
    expect(await pruneSessionNotes(directory, pruning)).toBe(2);
    expect(existsSync(left)).toBe(false);
    expect(['old ended', 'old open', 'new ended'].map((id) => readSessionNote(directory, id)?.id)).toEqual([
      undefined,
      'old open',
      'new ended',
    ]);
    write('old ended', { state: 'imported' }, longAgo);
    expect(await pruneSessionNotes(directory, pruning), 'a second time within the day').toBe(0);
    expect(await pruneSessionNotes(join(directory, 'nowhere'), pruning)).toBe(0);
  });
});

describe('scanning for a session', () => {
  it('finds the last state of the session and of each of its items, over instances and segments', async () => {
    const directory = createPlace();
    const one = openJournal({ directory, owner: createOwner('one'), maxSegmentBytes: 1_024 });
    const two = openJournal({ directory, owner: createOwner('two') });
    one.append(sessionMove('processing', 1), createEvent(2, { itemId: 'a', toState: 'analyzing', version: 2 }));
    one.append(createEvent(3, { itemId: 'b', toState: 'analyzing', version: 3 }), sessionMove('failed', 4));
    two.append(
      createEvent(9, { itemId: 'a', toState: 'imported', version: 9, attempt: 2 }),
      sessionMove('processing', 8, 2),
    );
    two.append(
      createEvent(7, { itemId: 'c', sessionId: 'other' }),
      createEvent(7, { itemId: 'd', message: '"sessionId":"local-7"', sessionId: 'x' }),
    );
    const scan = await scanSession(directory, 'local-7');
    two.append(createEvent(20, { itemId: 'a', event: 'audit.entry', toState: 'failed', version: 20 }));
    expect(await scanSession(directory, 'local-7')).toEqual(scan);
    expect(scan.session).toEqual({ state: 'processing', attempt: 2, version: 8 });
    expect(Object.fromEntries(scan.items)).toEqual({
      a: { state: 'imported', attempt: 2, version: 9 },
      b: { state: 'analyzing', attempt: 1, version: 3 },
    });
    one.close();
    two.close();
  });

  it('finds an id that JSON has to escape', async () => {
    const directory = createPlace();
    const journal = openJournal({ directory, owner: createOwner() });
    const ids = ['a"b\\c', 'line\nbreak', 'ü漢😀', '\ud800'];
    for (const sessionId of ids) journal.append(createEvent(1, { sessionId, itemId: sessionId }));
    for (const sessionId of ids) {
      expect([...(await scanSession(directory, sessionId)).items.keys()]).toEqual([sessionId]);
    }
    journal.close();
  });

  it('finds nothing where there is nothing', async () => {
    expect(await scanSession(createPlace(), 'local-7')).toEqual({ items: new Map(), unreadable: [] });
  });
});
