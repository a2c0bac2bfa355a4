import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { createObserver, isOwnerAlive, lostAfterMillis, type Observer } from '../../src/journal/liveness.ts';
import { isProcessIdInUse, ownProcessIdentity, readStartTicks } from '../../src/journal/process-identity.ts';
import { startProcess } from './child.ts';
import { createOwner } from './sample-records.ts';

const now = 1_763_781_720_000;
const here = { bootId: 'boot', pidNamespace: 'pid:[1]' };
const owner = { ...createOwner(), host: 'machine', pid: 100 };
const identity = { ...here, startTicks: 555 };

/** One who asks on `machine`, where process 100 started at tick 555. */
const observer: Observer = {
  host: 'machine',
  place: here,
  clock: { now: () => now },
  startTicks: (pid) => (pid === 100 ? 555 : undefined),
  isProcessIdInUse: (pid) => pid === 100,
};
const long = now - lostAfterMillis;
const recent = now - 1_000;

describe('the writer of a journal', () => {
  it('lives while its process does, however long it has been silent', () => {
    expect(isOwnerAlive({ owner, process: identity, lastSignMillis: 0 }, observer)).toBe(true);
  });

  it('is dead at once when its process is gone, however recent its last sign', () => {
    const gone = { ...observer, startTicks: () => undefined };
    expect(isOwnerAlive({ owner, process: identity, lastSignMillis: recent }, gone)).toBe(false);
  });

  it('is dead when another process has got its id', () => {
    const recycled = { ...observer, startTicks: () => 777 };
    expect(isOwnerAlive({ owner, process: identity, lastSignMillis: recent }, recycled)).toBe(false);
  });

  it.each([
    ['in another container on the same kernel', { ...identity, pidNamespace: 'pid:[2]' }, 'machine'],
    ['on another machine', { ...identity, bootId: 'other' }, 'elsewhere'],
    ['before a restart of the machine', { ...identity, bootId: 'earlier' }, 'machine'],
    ['somewhere without /proc', undefined, 'elsewhere'],
  ])('%s is judged by its last sign, not by a process id that means another there', (_, process, host) => {
    const trace = { owner: { ...owner, host }, ...(process === undefined ? {} : { process }) };
    const nobody = { ...observer, startTicks: () => undefined, isProcessIdInUse: () => false };
    expect(isOwnerAlive({ ...trace, lastSignMillis: recent }, nobody)).toBe(true);
    expect(isOwnerAlive({ ...trace, lastSignMillis: long }, observer)).toBe(false);
  });

  it('is not taken for dead by one who cannot look, having no file descriptor left', () => {
    const blind = { ...observer, startTicks: () => 'unknown' as const };
    expect(isOwnerAlive({ owner, process: identity, lastSignMillis: 0 }, blind)).toBe(true);
  });

  it('on a machine without /proc is dead when its process id is free, and when it has been silent', () => {
    const plain = { ...observer, place: undefined };
    expect(isOwnerAlive({ owner, lastSignMillis: recent }, { ...plain, isProcessIdInUse: () => false })).toBe(false);
    expect(isOwnerAlive({ owner, lastSignMillis: recent }, plain)).toBe(true);
    expect(isOwnerAlive({ owner, lastSignMillis: long }, plain)).toBe(false);
  });

  it('with a sign from the future, since the clock was set back, still lives', () => {
    const trace = { owner: { ...owner, host: 'elsewhere' }, lastSignMillis: now + 3_600_000 };
    expect(isOwnerAlive(trace, observer)).toBe(true);
  });
});

describe.runIf(process.platform === 'linux')('a real process', () => {
  it('is known by its start', () => {
    const own = ownProcessIdentity();
    expect(own?.startTicks).toBe(readStartTicks(process.pid));
    const trace = { owner: { ...owner, host: hostname(), pid: process.pid }, lastSignMillis: 0 };
    if (own === undefined) throw new Error('/proc does not tell who we are');
    expect(isOwnerAlive({ ...trace, process: own })).toBe(true);
    expect(isOwnerAlive({ ...trace, process: { ...own, startTicks: own.startTicks - 1 } })).toBe(false);
  });

  it('is not dead to a process that can open no more files', async () => {
    const own = ownProcessIdentity();
    const limited = ['sh', '-c', 'ulimit -n 200; exec "$@"', 'sh'];
    const child = startProcess('exhausted-process.ts', [String(process.pid), JSON.stringify(own)], limited);
    const [line] = await once(child.stdout, 'data');
    expect(String(line)).toBe('EMFILE alive\n');
  });

  it('is dead from the moment it has ended', async () => {
    const child = spawn('sleep', ['60']);
    const pid = child.pid ?? 0;
    const startTicks = Number(readStartTicks(pid));
    const { place } = createObserver();
    if (place === undefined) throw new Error('/proc does not tell where we are');
    const trace = { owner: { ...owner, pid }, process: { ...place, startTicks }, lastSignMillis: Date.now() };
    expect(isOwnerAlive(trace)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isOwnerAlive(trace)).toBe(false);
    expect(isProcessIdInUse(pid)).toBe(false);
  });
});
