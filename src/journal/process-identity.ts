import { readFileSync, readlinkSync } from 'node:fs';
import { errorCodeOf, isAbsence } from './file-system.ts';

/**
 * What tells a process from a later one with the same id. Linux only: the boot, the namespace in which the process id
 * means something, and the start of the process in clock ticks since the boot.
 */
export interface ProcessIdentity {
  readonly bootId: string;
  readonly pidNamespace: string;
  readonly startTicks: number;
}

/** The identity of this process, or `undefined` where `/proc` does not tell it. */
export function ownProcessIdentity(): ProcessIdentity | undefined {
  const place = ownProcessPlace();
  const startTicks = readStartTicks('self');
  return place === undefined || typeof startTicks !== 'number' ? undefined : { ...place, startTicks };
}

let ownPlace: Omit<ProcessIdentity, 'startTicks'> | undefined;

/** Where process ids of this process mean something. It stays the same, so it is known also while no file can be opened. */
export function ownProcessPlace(): Omit<ProcessIdentity, 'startTicks'> | undefined {
  try {
    ownPlace ??= {
      bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
      pidNamespace: readlinkSync('/proc/self/ns/pid'),
    };
  } catch {
    // There is no `/proc` to ask.
  }
  return ownPlace;
}

/**
 * Start of a process in ticks since the boot (field 22 of `/proc/<pid>/stat`), `undefined` if there is no such process, `unknown` if
 * that cannot be seen, as where this process has no file descriptor left. A zombie has ended: it writes nothing any more.
 */
export function readStartTicks(pid: number | 'self'): number | 'unknown' | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch (error) {
    const code = errorCodeOf(error);
    return isAbsence(error) || code === 'ESRCH' ? undefined : 'unknown';
  }
  // The second field is the command in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  const startTicks = Number(fields[19]);
  return state === 'Z' || state === 'X' || !Number.isFinite(startTicks) ? undefined : startTicks;
}

/** Whether any process has this id, where nothing better can be known. */
export function isProcessIdInUse(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code === 'EPERM';
  }
}
