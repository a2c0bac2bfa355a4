import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listJournals } from '../../src/journal/journal-listing.ts';
import type { JournalOwner, LedgerRecord } from '../../src/projection/record.ts';
import { createWorkshop, type Ended, type Workshop } from './program.ts';

let workshop: Workshop;
beforeEach(() => {
  workshop = createWorkshop();
});
afterEach(() => workshop.remove());

/** Units that began and units that ended, by the name of their step. */
function units(records: readonly LedgerRecord[]): {
  readonly begun: readonly string[];
  readonly ended: readonly string[];
} {
  const names = (type: 'start' | 'end') =>
    records.flatMap((record) => (record.type === type ? [record.stepName] : [])).sort();
  return { begun: names('start'), ended: names('end') };
}

const importUnits = ['analyze', 'analyze', 'analyze', 'import.item', 'import.item', 'import.item', 'import.session'];

describe('a program without a database', () => {
  it.each([
    ['exit', 3, ['last-words']],
    ['throw', 1, ['last-words']],
    ['reject', 1, ['last-words']],
  ])('has all its records in the journal after its %s end, and its own exit code', async (ending, code, more) => {
    const ended = await workshop.run({ script: 'app.mjs', parameters: [ending] });
    expect(ended).toMatchObject({ code, signal: null, stdout: 'imported\n' });
    const { begun, ended: finished } = units(await workshop.records());
    expect(begun).toEqual([...importUnits, ...more]);
    expect(finished).toEqual([...importUnits, ...more]);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('dies of %s as it would without spanledger', async (signal) => {
    const program = workshop.start({ script: 'app.mjs', parameters: ['wait'] });
    await program.said('waiting');
    program.child.kill(signal);
    expect(await program.ended).toMatchObject({ code: null, signal, stderr: '' });
    expect(units(await workshop.records()).ended).toContain('last-words');
  });

  it('works for CommonJS, by --import and by --require', async () => {
    for (const flag of ['--import', '--require']) {
      const ended = await workshop.run({ script: 'app.cjs', flags: [flag, 'spanledger/register'] });
      expect(ended).toMatchObject({ code: 0, stdout: 'imported\n', stderr: '' });
    }
    expect(units(await workshop.records()).ended.filter((name) => name === 'import.session')).toHaveLength(2);
  });

  it('works through NODE_OPTIONS, and only once where it is loaded twice', async () => {
    const ended = await workshop.run({ script: 'app.mjs', env: { NODE_OPTIONS: '--import spanledger/register' } });
    expect(ended).toMatchObject({ code: 0, stdout: 'imported\n', stderr: '' });
    expect(units(await workshop.records()).begun).toEqual(importUnits);
  });

  it('records nothing where the SDK is disabled', async () => {
    const ended = await workshop.run({ script: 'app.mjs', env: { OTEL_SDK_DISABLED: 'true' } });
    expect(ended).toMatchObject({ code: 0, stdout: 'imported\n', stderr: '' });
    expect(await workshop.records()).toEqual([]);
  });
});

/** One run of the program for all tests of a block. */
function useRun(env: Readonly<Record<string, string>>) {
  const place = createWorkshop();
  const run = {} as { ended: Ended; records: readonly LedgerRecord[]; owners: readonly JournalOwner[] };
  beforeAll(async () => {
    run.ended = await place.run({ script: 'app.mjs', env });
    run.records = await place.records();
    run.owners = (await listJournals(join(place.directory, 'ledger'))).flatMap(({ owner }) => owner ?? []);
  });
  afterAll(() => place.remove());
  return run;
}

describe('a program that ends by itself, without a setting', () => {
  const run = useRun({});

  it('has all its records in the journal, and its own exit code', () => {
    expect(run.ended).toMatchObject({ code: 0, signal: null, stdout: 'imported\n', stderr: '' });
    expect(units(run.records)).toEqual({ begun: importUnits, ended: importUnits });
  });

  it('S2.5 says in its journal which code it runs, as its package.json tells', () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
    expect(run.owners).toMatchObject([{ version }]);
  });

  it('keeps secrets out of the journal', () => {
    expect(JSON.stringify(run.records)).toContain('connect failed');
    expect(JSON.stringify(run.records)).not.toContain('hunter2');
  });
});

describe('a program with variables of OpenTelemetry', () => {
  const names = 'service.instance.id=pod-3,service.version=9.9.9,vcs.ref.head.revision=0a1b2c3d4e5f';
  const run = useRun({
    OTEL_SERVICE_NAME: 'importer',
    OTEL_RESOURCE_ATTRIBUTES: names,
    OTEL_TRACES_SAMPLER: 'always_off',
  });

  it('has records of spans that are not sampled', () => {
    expect(units(run.records)).toEqual({ begun: importUnits, ended: importUnits });
  });

  it('S2.5 names service, instance and the code it runs as OpenTelemetry does', () => {
    const instanceId = expect.stringMatching(/^pod-3-[0-9a-f]{8}$/);
    expect(run.owners).toMatchObject([{ service: 'importer', instanceId, version: '9.9.9', revision: '0a1b2c3d4e5f' }]);
  });
});

describe('a program whose journal cannot be written', () => {
  it('runs unharmed, says so once, and at the end how much was lost', async () => {
    // A file where the directory should be refuses root as well, which a mode would not.
    writeFileSync(join(workshop.directory, 'ledger'), '');
    const ended = await workshop.run({ script: 'app.mjs' });
    expect(ended).toMatchObject({ code: 0, stdout: 'imported\n' });
    const [warning, loss, ...others] = ended.stderr.trim().split('\n');
    expect(others).toEqual([]);
    expect(warning).toContain('The journal directory');
    expect(loss).toMatch(/\d+ records are lost with this process/);
    expect(ended.stderr).toContain('SPANLEDGER_DIR');
  });

  it.skipIf(process.getuid?.() === 0)('runs unharmed where the directory is read-only', async () => {
    mkdirSync(join(workshop.directory, 'ledger'));
    chmodSync(join(workshop.directory, 'ledger'), 0o500);
    expect(await workshop.run({ script: 'app.mjs' })).toMatchObject({ code: 0, stdout: 'imported\n' });
  });
});

describe('a mistake in the configuration', () => {
  it('is told with line and column where it stands in the file, and the program does not start', async () => {
    const path = join(workshop.directory, 'broken.yaml');
    writeFileSync(path, 'transitions: span\nprogress_every: often\n');
    const ended = await workshop.run({ script: 'app.mjs', env: { SPANLEDGER_CONFIG_FILE: path } });
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain('line 2, column 17');
    expect(ended.stderr).toContain('SPANLEDGER_CONFIG_FILE_INVALID');
  });

  it('is told with the name of the variable where it stands in the environment, and the program runs', async () => {
    const env = { SPANLEDGER_PROGRESS_EVERY: 'often', SPANLEDGER_SHEMA: 'x' };
    const ended = await workshop.run({ script: 'app.mjs', env });
    expect(ended).toMatchObject({ code: 0, stdout: 'imported\n' });
    expect(ended.stderr).toContain('SPANLEDGER_PROGRESS_EVERY');
    expect(ended.stderr).toContain('did you mean SPANLEDGER_SCHEMA?');
  });

  it('is not there: all settings are told with their sources, secrets masked', async () => {
    const env = {
      OTEL_LOG_LEVEL: 'info',
      DATABASE_URL: 'postgres://me:hunter2@localhost:1/db',
      SPANLEDGER_SHIP: 'false',
    };
    const ended = await workshop.run({ script: 'app.mjs', env });
    expect(ended).toMatchObject({ code: 0, stdout: 'imported\n' });
    expect(ended.stderr).toContain('databaseUrl=[redacted] (DATABASE_URL)');
    expect(ended.stderr).toContain('schema=spanledger (default)');
    expect(ended.stderr).not.toContain('hunter2');
  });
});
