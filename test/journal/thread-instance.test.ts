import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readExitNote } from '../../src/journal/exit-note.ts';
import { LateJournal } from '../../src/journal/late-journal.ts';
import { instanceDirectory } from '../../src/journal/layout.ts';
import { isThreadOf, threadInstanceId, writeThreadExitNotes } from '../../src/journal/thread-instance.ts';
import { createPlace, readAll } from './journal-place.ts';
import { createEvent, createOwner } from './sample-records.ts';

it.each([
  ['a-t3', 'a', true],
  ['a-t3-t12', 'a', true],
  ['a-t3-t12', 'a-t3', true],
  ['a-t31', 'a-t3', false],
  ['a', 'a', false],
  ['b-t3', 'a', false],
  ['a-t3x', 'a', false],
  ['a-two', 'a', false],
])('%s is a thread of %s: %s', (instance, parent, expected) => {
  expect(isThreadOf(instance, parent)).toBe(expected);
});

it('the end of a thread is noted with its journal, and with those of the threads that it had started, and no others', () => {
  const directory = createPlace();
  const names = ['a', 'a-t3', 'a-t3-t5', 'a-t31', 'a-t4-t5'];
  for (const instanceId of names) open(directory, instanceId).append(createEvent(1));
  const note = { at: 5, code: 1, thread: 3, error: 'Error: gone', seenBy: { pid: 1, instanceId: 'a' } };
  writeThreadExitNotes(directory, threadInstanceId('a', 3), note);
  const noted = names.filter((name) => readExitNote(instanceDirectory(directory, name)) !== undefined);
  expect(noted).toEqual(['a-t3', 'a-t3-t5']);
  expect(readExitNote(instanceDirectory(directory, 'a-t3-t5'))).toEqual(note);
});

it('a thread that recorded nothing has nothing on the disk, and no note is left for it', () => {
  const directory = createPlace();
  const journal = open(directory, 'a-t3');
  journal.retry();
  expect(journal.stats()).toMatchObject({ waiting: 0, bytes: 0, produced: { audit: 0 } });
  writeThreadExitNotes(directory, 'a-t3', { at: 5, code: 0, seenBy: { pid: 1, instanceId: 'a' } });
  journal.close();
  expect([journal.isOpen, existsSync(journal.path)]).toEqual([false, false]);
});

it('a journal that is opened late has what was appended, and counts it', async () => {
  const directory = createPlace();
  const journal = open(directory, 'a-t3');
  journal.append(createEvent(1), createEvent(2));
  await journal.sync();
  expect(journal.isOpen).toBe(true);
  expect(journal.stats().appended.audit).toBe(2);
  expect((await readAll(directory)).entries).toHaveLength(2);
});

function open(directory: string, instanceId: string): LateJournal {
  return new LateJournal({ directory, owner: { ...createOwner(), instanceId } });
}
