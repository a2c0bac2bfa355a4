import type { HealthFacts, LoopFacts } from '../domain/health.ts';
import { Tally } from '../journal/tally.ts';
import type { GuardData } from './guard.ts';
import { latenessMillis } from './journal-keeping.ts';
import { unshippedBytes, unshippedRecords, waitingSeconds } from './shipping-memory.ts';

/** The facts of a process from the memory that its threads share: they can be read while the main thread is blocked. */
export function sharedHealthFacts(
  { owner, memory, ships }: Pick<GuardData, 'owner' | 'memory' | 'ships'>,
  loops: readonly LoopFacts[],
): HealthFacts {
  const now = Date.now();
  const { waiting } = new Tally(memory.tally).read();
  return {
    now,
    startedAt: owner.startedAt / 1000,
    service: owner.service,
    instanceId: owner.instanceId,
    pid: owner.pid,
    lateMillis: latenessMillis(memory.pulse),
    journal: {
      bytes: ships ? unshippedBytes(memory) : 0,
      records: ships ? unshippedRecords(memory) : 0,
      refusedByDisk: waiting,
      ships,
      ageSeconds: ships ? waitingSeconds(memory, now) : 0,
    },
    loops,
  };
}
