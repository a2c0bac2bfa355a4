import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** How often the kernel has killed processes of one cgroup for want of memory. */
export interface OomCounter {
  /** File that holds the counter. */
  readonly path: string;
  /** Device and inode of the cgroup: another one may have the same path later, or in another container. */
  readonly cgroup: string;
  readonly kills: number;
}

/** The counter of this process' own cgroup, of either version; `undefined` where there is none, as outside of Linux. */
export function readOwnOomCounter(memberships = '/proc/self/cgroup', mount = '/sys/fs/cgroup'): OomCounter | undefined {
  for (const path of candidates(readText(memberships) ?? '', mount)) {
    const counter = readOomCounter(path);
    if (counter !== undefined) return counter;
  }
  return undefined;
}

/** The counter in a file: `memory.events` of cgroup v2, `memory.oom_control` of v1. */
function readOomCounter(path: string): OomCounter | undefined {
  const [, kills] = /^oom_kill (\d+)$/m.exec(readText(path) ?? '') ?? [];
  if (kills === undefined) return undefined;
  try {
    const { dev, ino } = statSync(dirname(path));
    return { path, cgroup: `${dev}:${ino}`, kills: Number(kills) };
  } catch {
    return undefined;
  }
}

/** How often the kernel has killed between an earlier reading and now; `undefined` where the cgroup is gone or another one. */
export function oomKillsSince(earlier: OomCounter): { readonly before: number; readonly after: number } | undefined {
  const now = readOomCounter(earlier.path);
  if (now === undefined || now.cgroup !== earlier.cgroup) return undefined;
  return { before: earlier.kills, after: now.kills };
}

/** Whether a value that was read from a file is a counter. */
export function isOomCounter(value: unknown): value is OomCounter {
  if (typeof value !== 'object' || value === null) return false;
  const { path, cgroup, kills } = value as Partial<Record<keyof OomCounter, unknown>>;
  return typeof path === 'string' && typeof cgroup === 'string' && typeof kills === 'number';
}

/** In a container the own cgroup is mostly the root of what is mounted, whatever its path outside. */
function candidates(memberships: string, mount: string): readonly string[] {
  const [, v2] = /^0::(\/.*)$/m.exec(memberships) ?? [];
  const [, v1] = /^\d+:(?:[^:\n]*,)?memory(?:,[^:\n]*)?:(\/.*)$/m.exec(memberships) ?? [];
  const unified = [...new Set([v2, '/'])].flatMap((path) =>
    path === undefined ? [] : [`${join(mount, path)}/memory.events.local`, `${join(mount, path)}/memory.events`],
  );
  const legacy =
    v1 === undefined ? [] : [...new Set([v1, '/'])].map((path) => `${join(mount, 'memory', path)}/memory.oom_control`);
  return [...unified, ...legacy];
}

function join(...parts: readonly string[]): string {
  return parts
    .join('/')
    .replaceAll(/\/{2,}/g, '/')
    .replace(/\/$/, '');
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
