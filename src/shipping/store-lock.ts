import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { SpanledgerError } from '../domain/errors.ts';
import { isAbsence, makeDirectory } from '../journal/file-system.ts';
import { isOwnerAlive } from '../journal/liveness.ts';
import { inheritOwnerAt } from '../journal/ownership.ts';
import { ownProcessIdentity, type ProcessIdentity } from '../journal/process-identity.ts';
import type { JournalOwner } from '../projection/record.ts';
import type { ShippingClock } from './clock.ts';

/** A directory that is this process's alone until `release`. */
export interface StoreLock {
  /** Shows that the holder lives, to processes that cannot see it: another container, another machine. */
  touch(): void;
  /** Whether another process has asked for the directory of late. */
  isWanted(): boolean;
  release(): void;
}

export interface StoreLockOptions {
  readonly directory: string;
  /** How long to wait for another holder. */
  readonly waitMillis: number;
  readonly clock: ShippingClock;
}

interface Holder {
  /** Tells two holds of one process apart. */
  readonly token: string;
  readonly owner: JournalOwner;
  readonly process?: ProcessIdentity;
}

const pollMillis = 50;
/** A wish is repeated at every poll; one that is older was given up. */
const wishMillis = 1_000;
/** The guard of a takeover is held for a moment only; one that is older belongs to a process that died within it. */
const guardMillis = 5_000;

/**
 * Takes the lock of a store directory, waiting politely. A process that ended without giving its lock back is recognised by
 * its id and its start, so a recycled id holds nothing; then the lock is taken over.
 *
 * @throws SpanledgerError STORE_LOCKED
 */
export async function lockStore({ directory, waitMillis, clock }: StoreLockOptions): Promise<StoreLock> {
  makeDirectory(directory);
  const paths = lockPaths(directory);
  const holder = createHolder(clock);
  const deadline = clock.now() + waitMillis * 1000;
  while (!take(paths, holder)) {
    if (clearIfDead(paths)) continue;
    if (clock.now() >= deadline) throw locked(directory, paths, clock);
    writeFileSync(paths.wish, String(process.pid), { mode: 0o600 });
    inheritOwnerAt(paths.wish);
    await clock.sleep(pollMillis);
  }
  return {
    touch: () => ifThere(() => utimesSync(paths.lock, new Date(), new Date())),
    isWanted: () => ageMillis(paths.wish) < wishMillis,
    release: () => release(paths, holder),
  };
}

interface LockPaths {
  readonly lock: string;
  readonly guard: string;
  readonly wish: string;
}

function lockPaths(directory: string): LockPaths {
  return { lock: join(directory, 'lock'), guard: join(directory, 'lock.guard'), wish: join(directory, 'lock.wish') };
}

function createHolder(clock: ShippingClock): Holder {
  const identity = ownProcessIdentity();
  const owner = { instanceId: '', service: '', host: hostname(), pid: process.pid, startedAt: clock.now() };
  return { token: randomUUID(), owner, ...(identity === undefined ? {} : { process: identity }) };
}

/** A link appears with its whole content or not at all, and only if there is none. */
function take(paths: LockPaths, holder: Holder): boolean {
  const draft = `${paths.lock}.${holder.token}`;
  writeFileSync(draft, JSON.stringify(holder), { mode: 0o600 });
  inheritOwnerAt(draft);
  try {
    linkSync(draft, paths.lock);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

/** Removes a dead holder's lock. The guard makes sure that nobody removes the lock of the one who was faster. */
function clearIfDead(paths: LockPaths): boolean {
  if (!isDead(paths)) return false;
  if (ageMillis(paths.guard) > guardMillis) rmSync(paths.guard, { recursive: true, force: true });
  try {
    mkdirSync(paths.guard);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    if (isDead(paths)) rmSync(paths.lock, { force: true });
    return true;
  } finally {
    rmSync(paths.guard, { recursive: true, force: true });
  }
}

function isDead(paths: LockPaths): boolean {
  const holder = readHolder(paths);
  if (holder === undefined) return false;
  if (holder === 'damaged') return ageMillis(paths.lock) > guardMillis;
  const lastSignMillis = Date.now() - ageMillis(paths.lock);
  return !isOwnerAlive({ ...holder, lastSignMillis });
}

/** A lock has its whole content when it appears; only a machine that went down behind it leaves one of which nothing can be made. */
function readHolder(paths: LockPaths): Holder | 'damaged' | undefined {
  const text = ifThere(() => readFileSync(paths.lock, 'utf8'));
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return 'damaged';
  }
}

function knownHolder(paths: LockPaths): Holder | undefined {
  const holder = readHolder(paths);
  return holder === 'damaged' ? undefined : holder;
}

function release(paths: LockPaths, holder: Holder): void {
  if (knownHolder(paths)?.token === holder.token) rmSync(paths.lock, { force: true });
}

function locked(directory: string, paths: LockPaths, clock: ShippingClock): SpanledgerError {
  const holder = knownHolder(paths);
  const seconds = holder === undefined ? 0 : Math.round((clock.now() - holder.owner.startedAt) / 1_000_000);
  return new SpanledgerError('STORE_LOCKED', { details: { directory, pid: holder?.owner.pid, seconds } });
}

/** Age of a file by the clock of the machine, the one that stamps files; endless if it is not there. */
function ageMillis(path: string): number {
  const modified = ifThere(() => statSync(path).mtimeMs);
  return modified === undefined ? Number.POSITIVE_INFINITY : Date.now() - modified;
}

function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code;
}
