import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JournalStats } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/open-journal.ts';
import { startProcess } from './child.ts';
import { createPlace, readAll } from './journal-place.ts';
import { createEvent, createOwner } from './sample-records.ts';

/** Mounts a file system of so many bytes, or says why that is not permitted here. */
function mountSmall(path: string, bytes: number): string | undefined {
  mkdirSync(path, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path], { stdio: 'pipe' });
  } catch (error) {
    return error instanceof Error ? error.message.trim() : String(error);
  }
  onTestFinished(() => {
    execFileSync('umount', [path]);
  });
  return undefined;
}

describe('a disk that is really full', () => {
  it('takes what it can, makes the rest wait, and gets it when room is made', async (context) => {
    const disk = join(createPlace(), 'disk');
    const refusal = mountSmall(disk, 256 * 1024);
    if (refusal !== undefined) return context.skip(`a small file system cannot be mounted here: ${refusal}`);
    const ballast = join(disk, 'ballast');
    writeFileSync(ballast, Buffer.alloc(128 * 1024));
    const journal = openJournal({ directory: disk, owner: createOwner() });
    for (let seq = 0; seq < 500; seq += 1) journal.append(createEvent(seq));
    const full = journal.stats();
    expect(full.lastError).toContain('ENOSPC');
    expect(full.waiting).toBeGreaterThan(0);
    expect(full.appended.audit + full.waiting).toBe(500);
    expect(await readAll(disk)).toMatchObject({ damaged: [], tornBytes: 0 });

    rmSync(ballast);
    journal.retry();
    expect(journal.stats()).toMatchObject({ appended: { audit: 500 }, waiting: 0, dropped: { audit: {} } });
    const { entries, damaged, tornBytes } = await readAll(disk);
    expect(entries.map(({ record }) => 'seq' in record && record.seq)).toEqual([...Array(500).keys()]);
    expect({ damaged, tornBytes }).toEqual({ damaged: [], tornBytes: 0 });
    journal.close();
  });

  it.runIf(process.platform === 'linux')(
    'for one file (RLIMIT_FSIZE) is left behind for the next segment',
    async () => {
      const directory = createPlace();
      const limit = 300 * 1024;
      const child = startProcess('limited-process.ts', [directory], ['prlimit', `--fsize=${limit}`]);
      const outputs: JournalStats[] = [];
      const closed = once(child, 'close');
      for await (const line of createInterface({ input: child.stdout })) {
        outputs.push(JSON.parse(line));
        if (outputs.length === 1) child.stdin.write('go\n');
      }
      await closed;
      const [, last] = outputs;
      expect(last).toMatchObject({ waiting: 0, dropped: { audit: {} }, lastError: expect.stringContaining('EFBIG') });
      expect(last?.segment).toBeGreaterThan(1);
      const { entries, damaged, tornBytes } = await readAll(directory);
      expect(entries.map(({ record }) => 'seq' in record && record.seq)).toEqual([
        ...Array(last?.produced.audit ?? 0).keys(),
      ]);
      expect({ damaged, tornBytes }).toEqual({ damaged: [], tornBytes: 0 });
    },
  );
});
