import { chownSync, linkSync, lstatSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { appendDeadLetters } from '../../src/journal/dead-letters.ts';
import { makeDirectory, nodeFileSystem, replaceFileSync } from '../../src/journal/file-system.ts';
import { openJournal } from '../../src/journal/open-journal.ts';
import { foreignFiles, inheritOwnerAt, inheritOwnerBelow } from '../../src/journal/ownership.ts';
import { markShipped } from '../../src/journal/shipping-mark.ts';
import { createPlace } from './journal-place.ts';
import { createEvent, createOwner } from './sample-records.ts';

const service = { uid: 4711, gid: 4712 };
// Only root can give a file away, and only Linux tells where an open file really is.
const canGive = process.platform === 'linux' && process.geteuid?.() === 0;

/** The directory of a service that is not run by root. */
function serviceDirectory(): string {
  const directory = createPlace();
  mkdirSync(directory, { recursive: true });
  chownSync(directory, service.uid, service.gid);
  return directory;
}

describe.runIf(canGive)('what root makes in the directory of a service (runs as root on Linux only)', () => {
  it('belongs to the service: journals, dead letters, marks, small files', async () => {
    const directory = serviceDirectory();
    const journal = openJournal({ directory, owner: createOwner() });
    journal.append(createEvent(1));
    journal.close();
    const record = createEvent(1);
    const letter = { at: 1, code: '23514', reason: 'refused', segment: '00000001', start: 0, end: 9, record };
    await appendDeadLetters(directory, [{ ...letter, owner: createOwner() }]);
    const below = join(directory, 'one', 'two');
    makeDirectory(below);
    replaceFileSync(nodeFileSystem, join(below, 'note.json'), '{}', 0o600);
    markShipped(below);
    expect(foreignFiles(directory)).toBeUndefined();
    expect(statSync(join(below, 'note.json'))).toMatchObject(service);
  });

  it('is given to the service where something else has made it, and told of before that', () => {
    const directory = serviceDirectory();
    mkdirSync(join(directory, 'data'));
    writeFileSync(join(directory, 'data', 'file'), '');
    expect(foreignFiles(directory)).toEqual({ count: 2, example: join(directory, 'data'), ...service });
    inheritOwnerBelow(join(directory, 'data'));
    expect(foreignFiles(directory)).toBeUndefined();
  });

  it('is not given away through links that the service has put there', () => {
    const directory = serviceDirectory();
    const ofRoot = createPlace();
    mkdirSync(ofRoot, { recursive: true });
    const secret = join(ofRoot, 'secret');
    writeFileSync(secret, '');
    symlinkSync(secret, join(directory, 'soft'));
    linkSync(secret, join(directory, 'hard'));
    symlinkSync(ofRoot, join(directory, 'place'));
    inheritOwnerBelow(directory);
    inheritOwnerAt(join(directory, 'place', 'secret'));
    nodeFileSystem.closeSync(nodeFileSystem.openSync(join(directory, 'place', 'new'), 'a', 0o600));
    nodeFileSystem.closeSync(nodeFileSystem.openSync(join(directory, 'soft'), 'a', 0o600));
    for (const name of ['secret', 'new']) expect(lstatSync(join(ofRoot, name))).toMatchObject({ uid: 0, gid: 0 });
  });
});

describe('a directory whose files are its owner’s', () => {
  it('has no foreign files', () => {
    const directory = createPlace();
    makeDirectory(join(directory, 'journal'));
    writeFileSync(join(directory, 'journal', 'file'), '');
    expect(foreignFiles(directory)).toBeUndefined();
  });
});
