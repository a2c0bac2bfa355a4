import type { HealthFacts } from '../domain/health.ts';
import { loopFacts } from '../telemetry/loops.ts';

const key = Symbol.for('spanledger.health-source.v1');
const slot = globalThis as { [key]?: () => HealthFacts };

/** Tells where the facts come from; `spanledger/register` does. */
export function setHealthSource(source: (() => HealthFacts) | undefined): void {
  if (source === undefined) delete slot[key];
  else slot[key] = source;
}

/** What is known of this process. Without `spanledger/register` that is little: it lives, and its loops. */
export function healthFacts(): HealthFacts {
  return slot[key]?.() ?? unregistered();
}

function unregistered(): HealthFacts {
  return {
    now: Date.now(),
    startedAt: performance.timeOrigin,
    service: 'unknown_service:node',
    instanceId: '',
    pid: process.pid,
    lateMillis: 0,
    journal: { bytes: 0, records: 0, refusedByDisk: 0, ships: false, ageSeconds: 0 },
    loops: loopFacts(),
  };
}
