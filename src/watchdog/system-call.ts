import { readFileSync, readlinkSync } from 'node:fs';
import type { SystemCall } from '../journal/process-state.ts';

/** Calls that hold a thread for long, by number; where the second is true the first argument is a file descriptor. */
type CallTable = Readonly<Record<number, readonly [name: string, takesDescriptor: boolean]>>;

/** From the tables of the Linux kernel, which differ by machine. */
const tables: Readonly<Record<string, CallTable>> = {
  x64: {
    0: ['read', true],
    1: ['write', true],
    2: ['open', false],
    7: ['poll', false],
    17: ['pread64', true],
    18: ['pwrite64', true],
    20: ['writev', true],
    35: ['nanosleep', false],
    44: ['sendto', true],
    45: ['recvfrom', true],
    61: ['wait4', false],
    72: ['fcntl', true],
    73: ['flock', true],
    74: ['fsync', true],
    75: ['fdatasync', true],
    202: ['futex', false],
    230: ['clock_nanosleep', false],
    232: ['epoll_wait', false],
    257: ['openat', false],
    281: ['epoll_pwait', false],
  },
  arm64: {
    22: ['epoll_pwait', false],
    25: ['fcntl', true],
    32: ['flock', true],
    56: ['openat', false],
    63: ['read', true],
    64: ['write', true],
    66: ['writev', true],
    67: ['pread64', true],
    68: ['pwrite64', true],
    73: ['ppoll', false],
    82: ['fsync', true],
    83: ['fdatasync', true],
    98: ['futex', false],
    101: ['nanosleep', false],
    115: ['clock_nanosleep', false],
    206: ['sendto', true],
    207: ['recvfrom', true],
    260: ['wait4', false],
  },
};

const standardStreams = ['standard input', 'standard output', 'standard error'];

/**
 * The system call that the main thread waits in, as the kernel tells it without asking that thread; `undefined` where it computes, and where there
 * is no `/proc` to ask.
 */
export function readSystemCall(): SystemCall | undefined {
  try {
    const text = readFileSync(`/proc/self/task/${process.pid}/syscall`, 'latin1');
    return parseSystemCall(text, tables[process.arch] ?? {}, (descriptor) =>
      readlinkSync(`/proc/self/fd/${descriptor}`),
    );
  } catch {
    return undefined;
  }
}

/** Reads what `/proc/<pid>/syscall` says: `running`, or the number of a call and its arguments in hex. */
export function parseSystemCall(
  text: string,
  table: CallTable,
  targetOf: (descriptor: number) => string,
): SystemCall | undefined {
  const [number = '', first = ''] = text.trim().split(' ');
  if (!/^\d+$/.test(number)) return undefined;
  const [name, takesDescriptor] = table[Number(number)] ?? [`system call ${number}`, false];
  const descriptor = Number.parseInt(first, 16);
  if (!takesDescriptor || !Number.isSafeInteger(descriptor)) return { name };
  return { name, descriptor, target: nameOf(descriptor, targetOf) };
}

function nameOf(descriptor: number, targetOf: (descriptor: number) => string): string {
  const stream = standardStreams[descriptor];
  try {
    const target = targetOf(descriptor);
    return stream === undefined ? target : `${stream}, ${target}`;
  } catch {
    return stream ?? `descriptor ${descriptor}`;
  }
}
