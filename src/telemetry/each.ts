import { textProperty } from '../domain/thrown.ts';
import { EachSource } from './each-source.ts';
import type { ItemRun } from './item.ts';
import type { EachOptions, ItemOptions } from './session-options.ts';
import type { EachBlock, EachSummary } from './session-scope.ts';
import { StopSignal } from './stop-signal.ts';

/** What a walk needs of the session, and tells it. */
export interface EachHost {
  readonly signal: AbortSignal | undefined;
  /** Runs the block of one item. */
  runItem(options: ItemOptions, isExpected: boolean, fn: (item: ItemRun) => unknown): Promise<'run' | 'refused'>;
  /** This many items will come, as far as they are new. */
  expect(ids: () => Iterable<string>, count: number): void;
  /** An item whose id cannot be used. */
  unusable(error: unknown, id: unknown): void;
  /** Items that the walk did not get to. */
  notStarted(ids: Iterable<string>, count: number): void;
  /** A signal stopped the walk for this reason. */
  stopped(reason: unknown): void;
}

/** Runs a block on every value, with bounded concurrency and memory. */
export async function runEach<T>(
  host: EachHost,
  values: Iterable<T> | AsyncIterable<T>,
  options: EachOptions<T>,
  fn: EachBlock<T>,
): Promise<EachSummary> {
  const stop = new StopSignal([host.signal, options.signal]);
  try {
    return await new EachWalk(host, new EachSource(values), options, fn, stop).walk();
  } finally {
    stop.close();
  }
}

/** Codes after which no further item can begin, so that going on would only repeat them. */
const fatalCodes: ReadonlySet<string | undefined> = new Set(['SPANLEDGER_SESSION_ENDED']);

class EachWalk<T> {
  readonly #host: EachHost;
  readonly #source: EachSource<T>;
  readonly #options: EachOptions<T>;
  readonly #fn: EachBlock<T>;
  readonly #stop: StopSignal;
  readonly #concurrency: number;
  #index = 0;
  #working = 0;
  #wake: (() => void) | undefined;
  #breaking: { readonly error: unknown } | undefined;
  #counts = { run: 0, refused: 0, failed: 0 };

  constructor(host: EachHost, source: EachSource<T>, options: EachOptions<T>, fn: EachBlock<T>, stop: StopSignal) {
    this.#host = host;
    this.#source = source;
    this.#options = options;
    this.#fn = fn;
    this.#stop = stop;
    this.#concurrency = Math.max(1, Math.floor(options.concurrency ?? 1));
  }

  async walk(): Promise<EachSummary> {
    const { list } = this.#source;
    if (list !== undefined) this.#host.expect(() => this.#ids(list, 0), list.length);
    try {
      await this.#produce();
    } catch (error) {
      this.#breaking ??= { error };
    }
    while (this.#working > 0) await this.#slept();
    if (this.#breaking !== undefined || this.#stop.isStopped) this.#leaveRest();
    if (this.#breaking !== undefined) throw this.#breaking.error;
    return this.#counts;
  }

  async #produce(): Promise<void> {
    while (this.#breaking === undefined) {
      if (this.#stop.isStopped) return this.#interrupt();
      if (this.#working >= this.#concurrency) {
        await this.#slept();
        continue;
      }
      const pulled = await this.#source.next(this.#stop);
      if (pulled === undefined) return this.#interrupt();
      if (pulled.done === true) return;
      if (this.#stop.isStopped || this.#breaking !== undefined) {
        this.#source.unread();
        continue;
      }
      this.#start(pulled.value, this.#index);
      this.#index += 1;
    }
    this.#source.close();
  }

  #interrupt(): void {
    const { reason } = this.#stop;
    this.#source.close();
    this.#host.stopped(reason);
    this.#breaking ??= { error: reason };
  }

  #start(value: T, index: number): void {
    this.#working += 1;
    void this.#one(value, index).then(() => {
      this.#working -= 1;
      this.#wake?.();
    });
  }

  /** Never rejects. */
  async #one(value: T, index: number): Promise<void> {
    let options: ItemOptions | undefined;
    let hasBegun = false;
    try {
      options = this.#itemOptions(value, index);
      const isExpected = this.#source.list !== undefined;
      const status = await this.#host.runItem(options, isExpected, (item) => {
        hasBegun = true;
        this.#counts.run += 1;
        return this.#fn(item, value, index);
      });
      if (status === 'refused') this.#counts.refused += 1;
    } catch (error) {
      this.#counts.failed += 1;
      if (!hasBegun) this.#notBegun(error, options?.id);
      if (this.#options.onError === 'stop') this.#breaking ??= { error };
    }
  }

  #notBegun(error: unknown, id: unknown): void {
    if (this.#stop.isStopped && error === this.#stop.reason) return;
    if (fatalCodes.has(textProperty(error, 'code'))) {
      this.#breaking ??= { error };
      return;
    }
    this.#host.unusable(error, id);
  }

  #itemOptions(value: T, index: number): ItemOptions {
    const filePath = this.#options.filePath?.(value, index);
    const expectation = this.#options.expectation?.(value, index);
    return { id: this.#options.id(value, index), ...(filePath !== undefined && { filePath }), ...expectation };
  }

  #slept(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
      if (this.#stop.isStopped) return;
      this.#stop.onStop(() => this.#wake?.());
    });
  }

  #leaveRest(): void {
    const { list } = this.#source;
    if (list === undefined) {
      const { unreadCount } = this.#source;
      if (unreadCount > 0) this.#host.notStarted([], unreadCount);
      return;
    }
    const count = list.length - this.#index;
    if (count > 0) this.#host.notStarted(this.#ids(list, this.#index), count);
  }

  *#ids(list: readonly T[], from: number): Iterable<string> {
    for (let index = from; index < list.length; index += 1) {
      const value = list[index] as T;
      try {
        yield this.#options.id(value, index);
      } catch {
        yield '';
      }
    }
  }
}
