import { type Environment, environmentValue, supervisorVariable } from '../configuration/environment.ts';
import type { Settings } from '../configuration/setting-table.ts';
import type { JournalOwner } from '../projection/record.ts';
import type { GuardData, SupervisorPlace } from './guard.ts';
import type { ShippingMemory } from './shipping-memory.ts';

interface GuardPlace {
  readonly settings: Settings;
  readonly directory: string;
  readonly owner: JournalOwner;
  readonly memory: ShippingMemory;
}

/** What the guard has to do, from settings and environment. */
export function guardData(
  { settings, directory, owner, memory }: GuardPlace,
  ships: boolean,
  environment: Environment,
): GuardData {
  const supervisor = supervisorPlace(environment);
  const systemd = settings.systemdNotify ? systemdPlace(environment) : undefined;
  return {
    owner,
    directory,
    memory,
    ships,
    blockedMillis: settings.healthBlockedSeconds * 1000,
    ...(settings.healthPort !== undefined && { listen: { host: settings.healthHost, port: settings.healthPort } }),
    ...(supervisor !== undefined && { supervisor }),
    ...(systemd !== undefined && { systemd }),
  };
}

/** The variable is inherited by all that a program starts; it means the one whose parent the supervisor is. */
function supervisorPlace(environment: Environment): SupervisorPlace | undefined {
  const told = /^(\d+):(\d+):(group|none):(\d+)$/.exec(environmentValue(environment, supervisorVariable) ?? '');
  if (told === null) return undefined;
  const [pid, descriptor] = [Number(told[1]), Number(told[2])];
  return pid === process.ppid
    ? { pid, descriptor, leadsGroup: told[3] === 'group', graceMillis: Number(told[4]) }
    : undefined;
}

/** What systemd leaves in the environment of a unit of `Type=notify`; the watchdog may be meant for another process. */
function systemdPlace(environment: Environment): GuardData['systemd'] {
  const socket = environmentValue(environment, 'NOTIFY_SOCKET');
  if (socket === undefined) return undefined;
  const micros = Number(environmentValue(environment, 'WATCHDOG_USEC'));
  const meant = environmentValue(environment, 'WATCHDOG_PID');
  const isOurs = micros > 0 && (meant === undefined || Number(meant) === process.pid);
  return { socket, ...(isOurs && { watchdogMillis: micros / 1000 }) };
}
