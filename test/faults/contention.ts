import { readFileSync } from 'node:fs';

/** Watches how much of the time something waited for a processor, as Linux tells it: others may use this machine, too. */
export interface Contention {
  /** Share of the time since the start in which a runnable thread had no processor, from 0 to 1. 0 where it is not known. */
  share(): number;
}

/** https://docs.kernel.org/accounting/psi.html */
const pressurePath = '/proc/pressure/cpu';

export function watchContention(): Contention {
  const [stalledBefore, begin] = [stalledMicros(), performance.now()];
  const stalledMillis = () => (stalledMicros() - stalledBefore) / 1000;
  return { share: () => Math.min(1, stalledMillis() / Math.max(1, performance.now() - begin)) };
}

/** How many times longer something may take where processes wait for a processor for a share of the time: 1 where none do, at most 10. */
export function patience(share: number): number {
  return 1 + 9 * share * share;
}

function stalledMicros(): number {
  try {
    return Number(/^some .*total=(\d+)/m.exec(readFileSync(pressurePath, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
