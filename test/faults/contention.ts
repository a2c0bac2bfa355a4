import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Watches how much of the time something waited for a processor, as Linux tells it: others may use this machine, too. */
export interface Contention {
  /**
   * Share of the time since the start in which a runnable thread had no processor, from 0 to 1. Where that is not known, the share of
   * the processors' time that was in use, which is never less.
   */
  share(): number;
}

/** https://docs.kernel.org/accounting/psi.html */
const pressurePath = '/proc/pressure/cpu';
/** https://docs.kernel.org/filesystems/proc.html#miscellaneous-kernel-statistics-in-proc-stat */
const statisticsPath = '/proc/stat';
const microsPerTick = 10_000;

export function watchContention(): Contention {
  const [stalledBefore, begin] = [stalledMicros(), performance.now()];
  if (stalledBefore === undefined) return watchUse();
  const stalledMillis = () => ((stalledMicros() ?? stalledBefore) - stalledBefore) / 1000;
  return { share: () => Math.min(1, stalledMillis() / Math.max(1, performance.now() - begin)) };
}

function watchUse(): Contention {
  const before = processorTimes();
  const share = () => {
    const { busy, all } = processorTimes();
    return (busy - before.busy) / Math.max(1, all - before.all);
  };
  return { share };
}

function processorTimes(): { readonly busy: number; readonly all: number } {
  const times = cpus().map((cpu) => cpu.times);
  const all = times.flatMap((one) => Object.values(one)).reduce((sum, millis) => sum + millis, 0);
  return { busy: all - times.reduce((sum, { idle }) => sum + idle, 0), all };
}

/** How many times longer something may take where processes wait for a processor for a share of the time: 1 where none do, at most 10. */
export function patience(share: number): number {
  return 1 + 9 * share * share;
}

/** A host that gives the processors of a virtual machine to others is no pressure within it. */
function stalledMicros(): number | undefined {
  try {
    const [, total] = /^some .*total=(\d+)/m.exec(readFileSync(pressurePath, 'utf8')) ?? [];
    const [, stolen = 0] = /^cpu +(?:\d+ ){7}(\d+)/.exec(readFileSync(statisticsPath, 'latin1')) ?? [];
    return total === undefined ? undefined : Number(total) + Number(stolen) * microsPerTick;
  } catch {
    return undefined;
  }
}
