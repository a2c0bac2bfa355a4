import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';

/** Where Linux has a file system in memory. */
const shared = '/dev/shm';
const prefix = 'spanledger-tests-';
/** A run makes folders all the time; one in another container, whose process is not seen from here, too. */
const quietMillis = 600_000;
const gibibyte = 1024 ** 3;
/** Several times what a run needs at its most: databases, embedded stores, journals. */
const enoughSpace = 3 * gibibyte;
const enoughMemory = 4 * gibibyte;

/**
 * A folder in memory for the temporary files of a run, where there is room for them: copies of databases and syncs of journals cost a
 * disk a fifth of the processor time of the whole. `undefined` where there is none, and where `TMPDIR` names another place.
 */
export function makeMemoryScratch(): { readonly path: string; remove(): void } | undefined {
  if (process.env.TMPDIR !== undefined || !hasRoom()) return undefined;
  removeLeftovers();
  const path = mkdtempSync(join(shared, `${prefix}${process.pid}-`));
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  // As for /tmp: some tests run programs as other users.
  chmodSync(path, 0o1777);
  if (runsPrograms(path)) return { path, remove };
  remove();
  return undefined;
}

/** What a run has left that was killed: it would fill the memory until the machine is started anew. */
function removeLeftovers(): void {
  for (const name of readdirSync(shared).filter((one) => one.startsWith(prefix))) {
    try {
      if (isLeft(name)) rmSync(join(shared, name), { recursive: true, force: true });
    } catch {
      // Another run was faster, or it is another user's.
    }
  }
}

function isLeft(name: string): boolean {
  const isQuiet = Date.now() - statSync(join(shared, name)).mtimeMs > quietMillis;
  return isQuiet && !isRunning(Number.parseInt(name.slice(prefix.length), 10));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function hasRoom(): boolean {
  try {
    const { bavail, bsize } = statfsSync(shared);
    return bavail * bsize >= enoughSpace && freemem() >= enoughMemory;
  } catch {
    return false;
  }
}

/** Containers forbid it there now and then, and Postgres may have to be copied to where its user can reach it. */
function runsPrograms(path: string): boolean {
  const program = join(path, 'program');
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
  return spawnSync(program).status === 0;
}
