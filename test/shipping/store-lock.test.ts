import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ShippingClock, systemShippingClock } from '../../src/shipping/clock.ts';
import { lockStore, type StoreLock } from '../../src/shipping/store-lock.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'spanledger-lock-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const lockFile = () => join(directory, 'lock');
const holder = () => JSON.parse(readFileSync(lockFile(), 'utf8'));
const take = (waitMillis = 0, clock: ShippingClock = systemShippingClock) =>
  lockStore({ directory, waitMillis, clock });

test('one holder at a time, and the next as soon as it lets go', async () => {
  const first = await take();
  await expect(take()).rejects.toMatchObject({
    code: 'SPANLEDGER_STORE_LOCKED',
    details: { pid: process.pid, directory },
  });
  first.release();
  (await take()).release();
  expect(readdirSync(directory).filter((name) => name !== 'lock.wish')).toEqual([]);
});

test('who waits is heard by the holder and gets its turn', async () => {
  const first = await take();
  expect(first.isWanted()).toBe(false);
  const clock: ShippingClock = {
    now: systemShippingClock.now,
    async sleep() {
      if (first.isWanted()) first.release();
    },
  };
  const second = await take(5_000, clock);
  expect(second).toBeDefined();
  second.release();
});

test('a holder that was killed holds nothing', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  (await take()).release();
  writeDeadHolder({ pid: child.pid ?? 0 });
  child.kill('SIGKILL');
  await once(child, 'exit');
  (await take()).release();
});

test('a process that got the id of a dead holder is not taken for it', async () => {
  writeDeadHolder({ pid: process.pid });
  (await take()).release();
});

test('of many that find a dead holder one takes over at a time', async () => {
  writeDeadHolder({ pid: process.pid });
  let held = 0;
  const turns = Array.from({ length: 12 }, async () => {
    const lock = await take(20_000);
    held += 1;
    expect(held).toBe(1);
    await new Promise(setImmediate);
    held -= 1;
    lock.release();
  });
  await Promise.all(turns);
});

test('a holder in another container counts as alive while it shows itself', async () => {
  writeForeignHolder();
  await expect(take()).rejects.toMatchObject({ code: 'SPANLEDGER_STORE_LOCKED' });
  const longAgo = new Date(Date.now() - 3_600_000);
  utimesSync(lockFile(), longAgo, longAgo);
  (await take()).release();
});

test('a takeover that was broken off does not block the next', async () => {
  writeDeadHolder({ pid: process.pid });
  mkdirSync(join(directory, 'lock.guard'));
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(join(directory, 'lock.guard'), longAgo, longAgo);
  (await take()).release();
});

test('only its own lock is given back', async () => {
  const first = await take();
  rmSync(lockFile());
  const second: StoreLock = await take();
  first.release();
  expect(holder().owner.pid).toBe(process.pid);
  second.release();
});

function writeDeadHolder({ pid }: { readonly pid: number }): void {
  writeHolder({ pid, bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(), startTicks: 1 });
}

function writeForeignHolder(): void {
  writeHolder({ pid: 1, bootId: 'another-boot', startTicks: 1 });
}

function writeHolder({ pid, bootId, startTicks }: { pid: number; bootId: string; startTicks: number }): void {
  const here = JSON.parse(ownHolder);
  here.owner.pid = pid;
  here.process = { ...here.process, bootId, startTicks };
  writeFileSync(lockFile(), JSON.stringify(here));
}

/** What a lock of this process looks like. */
const ownHolder = await (async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'spanledger-lock-'));
  const lock = await lockStore({ directory: scratch, waitMillis: 0, clock: systemShippingClock });
  const text = readFileSync(join(scratch, 'lock'), 'utf8');
  lock.release();
  rmSync(scratch, { recursive: true, force: true });
  return text;
})();

test('a lock of which nothing is left, since the machine went down behind it, holds nothing once it is old', async () => {
  writeFileSync(lockFile(), '');
  await expect(take()).rejects.toMatchObject({ code: 'SPANLEDGER_STORE_LOCKED' });
  utimesSync(lockFile(), Date.now() / 1000 - 60, Date.now() / 1000 - 60);
  (await take()).release();
});
