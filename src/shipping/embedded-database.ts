import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from '../journal/file-system.ts';
import { inheritOwnerBelow } from '../journal/ownership.ts';
import type { ShippingClock } from './clock.ts';
import { type EmbeddedThread, startEmbeddedThread } from './embedded-thread.ts';
import { beginSql, type SqlConnection, type SqlDatabase, type SqlRow, type TransactionMode } from './sql-connection.ts';
import { lockStore, type StoreLock } from './store-lock.ts';

export interface EmbeddedDatabaseOptions {
  /** The directory of the store; the cluster lies in it beside its lock. */
  readonly directory: string;
  readonly waitMillis: number;
  readonly clock: ShippingClock;
  /** Runs once for each opening, before anything else. */
  readonly prepare: (connection: SqlDatabase) => Promise<void>;
}

export interface EmbeddedDatabase extends SqlDatabase {
  close(): Promise<void>;
}

interface OpenDatabase {
  readonly thread: EmbeddedThread;
  readonly lock: StoreLock;
  readonly watch: NodeJS.Timeout;
  /** Microseconds since the epoch. */
  readonly openedAt: number;
}

/** How often the holder of a store looks whether another process waits for it. */
const watchMillis = 100;
/** How long a busy holder works before it gives way: opening costs half a second, so turns must not be shorter. */
const turnMillis = 1_500;
/** How long it stays away then, so that who waits finds the store free. */
const yieldMillis = 200;

/**
 * PGlite in a thread of its own, one process at a time. It opens with the first use and gives way to another process that
 * waits for it, between two transactions; the next use opens it again.
 */
export function createEmbeddedDatabase(options: EmbeddedDatabaseOptions): EmbeddedDatabase {
  return new ThreadDatabase(options);
}

class ThreadDatabase implements EmbeddedDatabase {
  readonly #options: EmbeddedDatabaseOptions;
  /** There is one connection, so transactions take turns. */
  #turn: Promise<unknown> = Promise.resolve();
  #open: OpenDatabase | undefined;
  #waiting = 0;

  constructor(options: EmbeddedDatabaseOptions) {
    this.#options = options;
  }

  transaction<T>(work: (connection: SqlConnection) => Promise<T>, mode?: TransactionMode): Promise<T> {
    return this.#inTurn(async () => {
      await this.#giveWayWhenBusy();
      const { thread } = await this.#opened();
      return runTransaction(thread, work, mode);
    });
  }

  close(): Promise<void> {
    return this.#inTurn(() => this.#shut());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const done = this.#turn.then(work).finally(() => {
      this.#waiting -= 1;
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #opened(): Promise<OpenDatabase> {
    if (this.#open?.thread.hasEnded() === true) await this.#shut().catch(() => undefined);
    this.#open ??= await this.#acquire();
    return this.#open;
  }

  async #acquire(): Promise<OpenDatabase> {
    const lock = await lockStore(this.#options);
    let thread: EmbeddedThread | undefined;
    try {
      thread = await openCluster(this.#options.directory);
      await this.#options.prepare(directDatabase(thread));
      const watch = setInterval(() => this.#giveWayWhenIdle(lock), watchMillis).unref();
      return { thread, lock, watch, openedAt: this.#options.clock.now() };
    } catch (error) {
      await thread?.close().catch(() => undefined);
      lock.release();
      throw error;
    }
  }

  #giveWayWhenIdle(lock: StoreLock): void {
    lock.touch();
    if (this.#waiting === 0 && lock.isWanted()) this.#inTurn(() => this.#shut()).catch(() => undefined);
  }

  async #giveWayWhenBusy(): Promise<void> {
    const open = this.#open;
    const { clock } = this.#options;
    if (open === undefined || clock.now() - open.openedAt < turnMillis * 1000 || !open.lock.isWanted()) return;
    await this.#shut().catch(() => undefined);
    await clock.sleep(yieldMillis);
  }

  async #shut(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    clearInterval(open.watch);
    try {
      await open.thread.close();
    } finally {
      // PGlite makes its files itself.
      inheritOwnerBelow(this.#options.directory);
      open.lock.release();
    }
  }
}

/**
 * A new cluster is complete when its marker is there; what a process left that died while it made one is thrown away. Nothing
 * is stored in a cluster before that.
 */
async function openCluster(directory: string): Promise<EmbeddedThread> {
  const dataDirectory = join(directory, 'data');
  const marker = join(directory, 'complete');
  const isNew = !existsSync(marker);
  if (isNew) rmSync(dataDirectory, { recursive: true, force: true });
  makeDirectory(dataDirectory);
  const thread = await startEmbeddedThread({ dataDirectory, isNew });
  if (isNew) writeFileSync(marker, '', { mode: 0o600 });
  inheritOwnerBelow(directory);
  return thread;
}

/** The same transactions, for work that already has its turn. */
function directDatabase(thread: EmbeddedThread): SqlDatabase {
  return { transaction: (work, mode) => runTransaction(thread, work, mode) };
}

async function runTransaction<T>(
  thread: EmbeddedThread,
  work: (connection: SqlConnection) => Promise<T>,
  mode: TransactionMode | undefined,
): Promise<T> {
  const connection = createConnection(thread);
  await connection.script(beginSql(mode));
  try {
    const result = await work(connection);
    await connection.script('commit');
    return result;
  } catch (error) {
    await connection.script('rollback').catch(() => undefined);
    throw error;
  }
}

function createConnection(thread: EmbeddedThread): SqlConnection {
  return {
    async query<T extends SqlRow>(sql: string, parameters: readonly unknown[] = []) {
      return (await thread.order({ type: 'query', sql, parameters })) as readonly T[];
    },
    async script(sql) {
      await thread.order({ type: 'script', sql });
    },
    async copy(target, data) {
      await thread.order({ type: 'copy', target, data });
    },
  };
}
