import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { listJournals } from '../../src/journal/journal-listing.ts';
import { type ProcessState, parseProcessState } from '../../src/journal/process-state.ts';
import { patience, watchContention } from '../faults/contention.ts';
import { createWorkshop, type Workshop } from '../register/program.ts';

let workshop: Workshop;
beforeEach(() => {
  workshop = createWorkshop();
});
afterEach(() => workshop.remove());

const fixture = (name: string) => join('..', '..', 'watchdog', 'fixtures', name);
const thresholdMillis = 1_000;
const watching = (millis: number) => ({ SPANLEDGER_WATCHDOG_THRESHOLD: String(millis) });

/** What the process last said of itself, and when. */
async function stateOf({ directory }: Workshop): Promise<ProcessState & { readonly at: number }> {
  const [journal] = await listJournals(join(directory, 'ledger'));
  return { ...parseProcessState(journal?.heartbeat?.figures), at: journal?.heartbeat?.at ?? 0 };
}

it('S2.11 tells of a main module that loops after an await at top level, long before ten times the threshold', async () => {
  const contention = watchContention();
  const program = workshop.start({ script: fixture('awaiting.mjs'), env: watching(thresholdMillis) });
  const state = await vi.waitFor(
    async () => {
      const found = await stateOf(workshop);
      expect(found.blockedStack?.[0]).toMatchObject({ function: 'spinForever' });
      return found;
    },
    { timeout: 30_000, interval: 50 },
  );
  program.child.kill('SIGKILL');
  await program.ended;
  const mostMillis = 8 * thresholdMillis * patience(contention.share());
  expect((state.at - (state.blockedSince ?? 0)) / 1000).toBeLessThan(mostMillis);
});

it('takes the time in which a main module loads for no stall', async () => {
  // All that comes before its main module counts as well, and on a busy machine that takes seconds.
  const ended = await workshop.run({ script: fixture('loading.mjs'), env: watching(2_000) });
  expect(ended).toMatchObject({ code: 0, stdout: 'loaded\n', stderr: '' });
  const records = await workshop.records();
  expect(records.filter((record) => record.type === 'event' && record.event.startsWith('runtime.stall'))).toEqual([]);
});
