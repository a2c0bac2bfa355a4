import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openJournal } from '../../../src/journal/open-journal.ts';
import { placeEmbeddedStore } from '../../harness/database.ts';
import { type CliResult, runCli, runCliProcess, runJson } from '../cli-process.ts';
import { recordsOf } from '../recorded-session.ts';
import { sampleOwner, sampleRecords, sampleSessions, temporaryDirectory, writeJournal } from '../written-ledger.ts';

const placeOf = (directory: string) => ({ environment: { SPANLEDGER_DIR: directory } });

// Each call opens the embedded store, which takes a machine that is busy with other tests a while.
const timeout = 180_000;

describe('without a database', { timeout }, () => {
  it('short journals answer themselves, and no store is made for them', async () => {
    const directory = temporaryDirectory();
    writeJournal(directory, sampleRecords());
    const first = await runCli(['sessions'], placeOf(directory));
    expect({ errors: first.errors, code: first.code }).toEqual({ errors: '', code: 0 });
    expect(first.output).toMatch(/^12 +imported +local +456 +3 +1 +1 +1/m);
    expect(await runCli(['check', '--since', '2026-01-01'], placeOf(directory))).toMatchObject({ code: 0, errors: '' });
    expect(existsSync(join(directory, 'store'))).toBe(false);
  });

  it('the store that `ship` makes answers what the journals answered', async () => {
    const directory = temporaryDirectory();
    writeJournal(directory, sampleRecords());
    const place = placeOf(directory);
    const logs = ['logs', '--session-id', '12', '--all', '--last', '1000'];
    const answers = async () => ({
      session: (await runCli(['session', '12'], place)).output,
      // Only a store numbers records.
      logs: (await runJson<object>(logs, place)).map((record) => ({ ...record, id: undefined })),
    });
    const ofJournals = await answers();
    await runCli(['ship'], place);
    expect(statSync(join(directory, 'store')).mode & 0o077).toBe(0);
    expect(await answers()).toEqual(ofJournals);
    expect(ofJournals.session).toContain('[IMPORTED]');
    const written = recordsOf(sampleSessions[0] ?? { id: '', startAt: 0, items: {}, traceId: '' });
    expect(ofJournals.logs).toHaveLength(written.filter(({ type }) => type === 'event').length);
  });

  it('a part of a journal that nothing can be made of is told', async () => {
    const directory = temporaryDirectory();
    writeJournal(directory, sampleRecords());
    const stray = join(directory, 'journal', 'stray');
    mkdirSync(stray);
    writeFileSync(join(stray, '00000001.log'), 'no header\n');
    const { output, errors } = await runCli(['sessions'], placeOf(directory));
    expect(output).toContain('failing');
    expect(errors).toContain('does not say whose it is (10 bytes)');
  });

  it('answers while a program is still writing, each answer complete', async () => {
    const directory = temporaryDirectory();
    const place = placeOf(directory);
    await placeEmbeddedStore(directory);
    const journal = openJournal({ directory, owner: sampleOwner });
    const counts: number[] = [];
    for (const session of sampleSessions.slice(0, 2)) {
      journal.append(...recordsOf(session));
      counts.push((await runJson(['sessions'], place)).length);
    }
    journal.close();
    expect(counts).toEqual([1, 2]);
  });

  it('two command lines at once take turns', async () => {
    const directory = temporaryDirectory();
    await placeEmbeddedStore(directory);
    writeJournal(directory, sampleRecords());
    const results = await Promise.all([1, 2].map(() => runCliProcess(['sessions', '--json'], placeOf(directory))));
    expect(results.map(({ code }) => code)).toEqual([0, 0]);
    const parsed = ({ output }: CliResult) =>
      output
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown);
    const [one, other] = results.map(parsed);
    expect(one).toHaveLength(4);
    // On a machine so busy that the wait for the other is over, the journals answer, with the same facts.
    expect(other).toEqual(one);
  });

  it('ship, export, check and doctor work on the embedded store', async () => {
    const directory = temporaryDirectory();
    await placeEmbeddedStore(directory);
    writeJournal(directory, sampleRecords());
    chmodSync(directory, 0o700);
    const place = placeOf(directory);
    expect(await runJson(['ship'], place)).toMatchObject([{ status: 'caught-up', dead_letters: 0 }]);
    const out = temporaryDirectory();
    const files = await runJson(['export', '--out', out, '--table', 'import_sessions'], place);
    expect(files).toMatchObject([{ table: 'import_sessions', rows: 4 }]);
    expect(await runCli(['check', '--since', '2026-01-01'], place)).toMatchObject({ code: 0 });
    const doctor = await runCli(['doctor'], place);
    expect(doctor.output).toContain('All is well.');
    expect(doctor.code).toBe(0);
  });
});

/** root may write everywhere, so a test of rights runs as nobody. */
const nobody = 65_534;

describe('an embedded store that may only be read', { timeout }, () => {
  it('is left alone, and its journals answer', async () => {
    const directory = temporaryDirectory();
    await placeEmbeddedStore(directory);
    writeJournal(directory, sampleRecords());
    const uid = process.getuid?.() === 0 ? nobody : undefined;
    if (uid !== undefined) for (const path of [directory, ...pathsIn(directory)]) chownSync(path, uid, uid);
    const closed = [join(directory, 'store'), directory];
    for (const path of closed) chmodSync(path, 0o500);
    const { output, errors, code } = await runCli(['sessions'], {
      ...placeOf(directory),
      ...(uid !== undefined && { uid }),
    });
    for (const path of closed) chmodSync(path, 0o700);
    expect(code).toBe(0);
    expect(output).toContain('failing');
    expect(errors).toContain('answering from the journals');
  });
});

function pathsIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => join(directory, name));
}
