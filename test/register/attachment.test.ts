import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listJournals } from '../../src/journal/journal-listing.ts';
import { createWorkshop, type Workshop } from './program.ts';

let workshop: Workshop;
beforeEach(() => {
  workshop = createWorkshop();
});
afterEach(() => workshop.remove());

function preceding(fixture: string): readonly string[] {
  const url = pathToFileURL(join(import.meta.dirname, 'fixtures', fixture)).href;
  return ['--import', url, '--import', 'spanledger/register'];
}

describe('an SDK that is registered already', () => {
  it('keeps its own processors and gets ours beside them', async () => {
    const ended = await workshop.run({ script: 'app.mjs', flags: preceding('other-sdk.mjs') });
    expect(ended).toMatchObject({ code: 0, stdout: 'imported\n7 spans\n', stderr: '' });
    const records = await workshop.records();
    const ends = records.filter(({ type }) => type === 'end');
    expect(ends).toHaveLength(7);
    expect(records.filter(({ type }) => type === 'start')).toHaveLength(7);
    // A record names its service only where it is not that of its journal.
    expect(new Set(records.map(({ service }) => service))).toEqual(new Set([undefined]));
    const [journal] = await listJournals(join(workshop.directory, 'ledger'));
    expect(journal?.owner?.service).toBe('other');
    expect(JSON.stringify(records)).toContain('a line of the host');
  });

  it('that traces nothing leaves tracing to us, and its contexts serve', async () => {
    const ended = await workshop.run({ script: 'app.mjs', flags: preceding('contexts-only-sdk.mjs') });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const records = await workshop.records();
    expect(records.filter(({ type }) => type === 'start')).toHaveLength(7);
    expect(records.filter(({ type }) => type === 'end')).toHaveLength(7);
  });

  it('is not sent anywhere by us, whatever the environment says', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' };
    const ended = await workshop.run({ script: 'app.mjs', flags: preceding('other-sdk.mjs'), env });
    expect(ended).toMatchObject({ code: 0, stdout: 'imported\n7 spans\n', stderr: '' });
  });

  it('is left alone where it cannot be joined, with a word on what to do', async () => {
    const ended = await workshop.run({ script: 'app.mjs', flags: preceding('closed-sdk.mjs') });
    expect(ended).toMatchObject({ code: 0, stdout: 'imported\n' });
    expect(ended.stderr).toContain('spanledger/exporters');
    const moves = (await workshop.records()).filter(
      (record) => record.type === 'event' && record.toState !== undefined,
    );
    expect(moves.length).toBeGreaterThan(0);
  });
});

describe('an SDK that the program starts by itself, later', () => {
  it.each([[{}], [{ OTEL_LOG_LEVEL: 'warn' }]])(
    'works as if we were not there, and has ours beside it (%o)',
    async (env) => {
      const ended = await workshop.run({ script: 'later-sdk.mjs', env });
      expect(ended).toMatchObject({ code: 0, stdout: '2 spans of later\n' });
      expect(ended.stderr).not.toMatch(/duplicate registration|Current logger/);
      const records = await workshop.records();
      expect(records.filter(({ type }) => type === 'end')).toHaveLength(1);
    },
  );
});
