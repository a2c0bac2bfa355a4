import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { describe, expect, it } from 'vitest';
import { placeEmbeddedStore } from '../harness/database.ts';
import { runImporter, runNode, startImporter } from './importer-process.ts';
import { createWorkplace, targetFiles, type Workplace } from './workplace.ts';

describe('the local importer without a database', { timeout: 120_000 }, () => {
  it('imports each content once and finds only duplicates in a second session', async () => {
    const place = createWorkplace();
    writeFiles(place.folder, 30, 20);

    const first = await runImporter({ ...place, args: ['--session-id', 'first'] });
    const second = await runImporter({ ...place, args: ['--session-id', 'second'] });

    expect(first).toMatchObject({
      code: 0,
      report: { state: 'imported', counts: { total: 30, imported: 20, skipped: 10, failed: 0 } },
    });
    expect(second).toMatchObject({
      code: 0,
      report: { state: 'imported', counts: { total: 30, imported: 0, skipped: 30, failed: 0 } },
    });
    expect(await catalogued(place.state)).toHaveLength(20);
    expect(targetFiles(place.state)).toHaveLength(20);
  });

  it('shows its sessions on the command line, from its journals', async () => {
    const place = createWorkplace();
    writeFiles(place.folder, 5, 5);
    await runImporter({ ...place, args: ['--session-id', 'shown', '--kind', 'photos', '--account', '456'] });

    const { code, stdout } = await runNode(['dist/cli/main.js', 'sessions', '--json'], {
      SPANLEDGER_DIR: join(place.state, 'ledger'),
    });

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      id: 'shown',
      kind: 'photos',
      account_id: '456',
      state: 'imported',
      total: 5,
    });
  });

  it('never overwrites a file of the target tree', async () => {
    const place = createWorkplace();
    writeFiles(place.folder, 1, 1);
    await prepareCatalogue(place);
    cpSync(join(place.state, 'catalogue'), join(place.state, 'other'), { recursive: true });
    own(place);
    await runImporter({ ...place, args: ['--catalogue', join(place.state, 'other')] });
    const [stored = ''] = targetFiles(place.state);
    writeFileSync(stored, 'somebody else wrote here');

    const { code, report } = await runImporter(place);

    expect(report.counts).toMatchObject({ total: 1, imported: 0, failed: 1 });
    expect(code).toBe(1);
    expect(readFileSync(stored, 'utf8')).toBe('somebody else wrote here');
  });

  it('refuses a catalogue that another importer has in use', async () => {
    const place = createWorkplace();
    writeFileSync(join(place.state, 'catalogue.lock'), String(process.pid));

    const { code, stderr } = await startImporter(place).ended;

    expect(code).toBe(1);
    expect(stderr).toContain(`held by process ${process.pid}`);
  });

  it.each([
    [['--limit', '0'], '--limit is 0'],
    [['--concurrency', 'many'], '--concurrency is many'],
    [['--unknown'], "Unknown option '--unknown'"],
    [['another-folder'], 'Give one folder'],
  ])('ends with 2 and a sentence when it is called with %j', async (args, sentence) => {
    const place = createWorkplace();

    const { code, stderr } = await startImporter({ ...place, args }).ended;

    expect(code).toBe(2);
    expect(stderr).toContain(sentence);
    expect(existsSync(join(place.state, 'catalogue'))).toBe(false);
  });
});

describe('the example', () => {
  it('agrees with the declared types of the package', async () => {
    const { code, stdout } = await runNode(['node_modules/typescript/bin/tsc', '-p', 'examples/local-import'], {});

    expect(stdout).toBe('');
    expect(code).toBe(0);
  });
});

/** Puts a database where the importer would first make one, which takes it seconds; the first test lets it do so. */
async function prepareCatalogue(place: Workplace): Promise<void> {
  const prepared = join(place.state, 'ledger');
  await placeEmbeddedStore(prepared);
  renameSync(join(prepared, 'store', 'data'), join(place.state, 'catalogue'));
  rmSync(prepared, { recursive: true });
  own(place);
}

/** Gives what a test has made to the user that the importer runs as. */
function own({ state, uid }: Workplace): void {
  if (uid !== undefined) execFileSync('chown', ['-R', String(uid), state]);
}

function writeFiles(folder: string, count: number, contents: number): void {
  for (let i = 0; i < count; i += 1) writeFileSync(join(folder, `file-${i}.txt`), `content ${i % contents}`);
}

async function catalogued(state: string): Promise<unknown[]> {
  const catalogue = await PGlite.create(join(state, 'catalogue'));
  try {
    return (await catalogue.query('select sha256 from catalogue')).rows;
  } finally {
    await catalogue.close();
  }
}
