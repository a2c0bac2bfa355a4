import { open } from 'node:fs/promises';

import { isAbsence } from './file-system.ts';

/**
 * Makes segments survive the death of the machine, off the event loop. Calls that come while the disk is busy share the
 * next round, so a hundred callers cost two.
 */
export class SegmentSync {
  #dirty = new Set<string>();
  /** The path that was marked last; each append marks one, and it is mostly the same. */
  #marked: string | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Names a segment that has been written to. */
  mark(path: string): void {
    if (path === this.#marked) return;
    this.#marked = path;
    this.#dirty.add(path);
  }

  /** Resolves when all that was written before the call is on the disk, or the disk has refused it. */
  sync(): Promise<void> {
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running.then(() => this.#start());
    return this.#next;
  }

  #start(): Promise<void> {
    this.#next = undefined;
    this.#running = this.#round().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #round(): Promise<void> {
    const paths = this.#dirty;
    this.#dirty = new Set();
    this.#marked = undefined;
    for (const path of paths) {
      await this.#syncOne(path).catch((error: unknown) => {
        if (isAbsence(error)) return;
        this.#dirty.add(path);
        this.#onError(error);
      });
    }
  }

  /** Through a descriptor of its own: syncing is a matter of the file, and the writer may close its own meanwhile. */
  async #syncOne(path: string): Promise<void> {
    const file = await open(path, 'r+');
    try {
      await file.datasync();
    } finally {
      await file.close();
    }
  }
}
