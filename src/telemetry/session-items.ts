import type { Attributes } from '@opentelemetry/api';
import { SpanledgerError } from '../domain/errors.ts';
import { itemEntry } from '../domain/item-block.ts';
import type { ItemState } from '../domain/item-states.ts';
import { finishedCount } from '../domain/statistics.ts';
import { attribute } from './conventions.ts';
import { type ErrorRecord, toErrorRecord } from './error-record.ts';
import { FirstFew } from './first-few.ts';
import type { ItemPast } from './history.ts';
import { parseId } from './identity.ts';
import type { ItemFailure } from './import-outcome.ts';
import { ItemRun } from './item.ts';
import { itemErrorEvent, itemRefusedEvent } from './item-events.ts';
import type { EndedItem, ItemHost } from './item-host.ts';
import { KnownItems } from './known-items.ts';
import { ProgressRule } from './progress-rule.ts';
import type { ItemOptions } from './session-options.ts';
import { SessionTally } from './session-tally.ts';
import type { TracePlace, TracePlaces } from './trace-places.ts';
import { labelOf, transitionEvent } from './transition-event.ts';
import type { Unit, UnitRuntime } from './unit.ts';

const maxListed = 20;

/** What the items of a session need of it, and tell it. */
export interface ItemsHost {
  readonly id: string;
  readonly taskName: string;
  readonly worker: string;
  readonly signal: AbortSignal | undefined;
  readonly identity: Attributes;
  readonly unit: Unit;
  /** Attributes of the metrics of items. */
  readonly metricAttributes: Attributes;
  /** An item is in work. */
  atWork(): void;
  /** An item is not in work any more. */
  settled(itemId: string, isProgressDue: boolean): void;
}

/** The items of a session: those in work, counts of all, and bounded lists of what went wrong. */
export class SessionItems implements ItemHost {
  readonly tally: SessionTally;
  readonly failures = new FirstFew<ItemFailure>(maxListed);
  readonly notStarted = new FirstFew<string>(maxListed);
  readonly #host: ItemsHost;
  readonly #places: TracePlaces;
  readonly #known: KnownItems;
  readonly #open = new Map<string, { readonly run: ItemRun; readonly place: TracePlace }>();
  readonly #progress: ProgressRule;
  readonly #thrown = new WeakSet<object>();
  #lastThrown: unknown = neverThrown;
  #order = 0;

  constructor(
    host: ItemsHost,
    places: TracePlaces,
    options: { past: ReadonlyMap<string, ItemPast>; total: number | undefined; progressEvery: number },
  ) {
    this.#host = host;
    this.#places = places;
    this.#known = new KnownItems(options.past);
    this.#progress = new ProgressRule(options.progressEvery);
    this.tally = new SessionTally(options.total);
    for (const state of this.#known.states()) this.tally.add(state);
  }

  get id(): string {
    return this.#host.id;
  }

  get taskName(): string {
    return this.#host.taskName;
  }

  get worker(): string {
    return this.#host.worker;
  }

  get signal(): AbortSignal | undefined {
    return this.#host.signal;
  }

  get identity(): Attributes {
    return this.#host.identity;
  }

  get runtime(): UnitRuntime {
    return this.#host.unit.runtime;
  }

  /** Items in work. */
  get openCount(): number {
    return this.#open.size;
  }

  /** The item of this id, while it is in work. */
  inWork(id: string): ItemRun | undefined {
    return this.#open.get(id)?.run;
  }

  /** How many of these ids are new to the session; all of them where nothing is known of it. */
  countNew(ids: () => Iterable<string>, count: number): number {
    if (!this.#known.hasOld) return count;
    let fresh = 0;
    for (const id of ids()) if (!this.#known.isOld(id)) fresh += 1;
    return fresh;
  }

  /**
   * Takes an item up; `undefined` where it had ended before and is not run again.
   *
   * @throws SpanledgerError `SPANLEDGER_INVALID_ID`, also where an item of this id is in work already.
   */
  begin(options: ItemOptions, isExpected: boolean): ItemRun | undefined {
    const id = parseId('item', options.id);
    if (this.#open.has(id)) {
      throw new SpanledgerError('INVALID_ID', { details: { what: 'item', id, why: 'an item of this id is in work' } });
    }
    const past = this.#known.get(id);
    const entry = itemEntry(past?.state ?? 'pending');
    if (!isExpected) this.tally.surprise();
    else if (!this.#known.isOld(id)) this.tally.met();
    if (entry.status === 'finished') {
      this.#host.unit.emit({ ...itemRefusedEvent(labelOf(id), past?.state ?? 'imported'), of: this.#ofItem(id, past) });
      return undefined;
    }
    if (past === undefined) this.tally.add('pending');
    this.#known.taken(id);
    const place = this.#places.next(this.tally.total);
    const { context: parent, budget } = place;
    const isRetry = entry.status === 'retry';
    const run = new ItemRun(this, { options, past, steps: entry.steps, isRetry, order: this.#order, parent, budget });
    this.#order += 1;
    this.#open.set(id, { run, place });
    return run;
  }

  /** Counts an item that could not even begin, because its id cannot be used. */
  unusable(error: unknown, id: unknown): void {
    const record = toErrorRecord(error);
    this.tally.met();
    this.tally.add('failed');
    this.runtime.metrics.errorRecorded(record.diagnosis.category);
    const itemId = typeof id === 'string' ? labelOf(id) : typeof id;
    this.#fail(itemId, 'failed', record.summary, record);
    this.#host.unit.emit(itemErrorEvent(itemId, record));
    this.#settle(itemId);
  }

  itemMoved(from: ItemState, to: ItemState): void {
    this.tally.move(from, to);
    this.#host.atWork();
  }

  itemThrew(error: unknown): void {
    if (typeof error === 'object' && error !== null) this.#thrown.add(error);
    else this.#lastThrown = error;
  }

  /** Whether the error came out of an item's block. */
  isItemError(error: unknown): boolean {
    return typeof error === 'object' && error !== null ? this.#thrown.has(error) : Object.is(error, this.#lastThrown);
  }

  itemEnded(item: EndedItem): void {
    const { id, state, attempt, version } = item;
    this.#open.get(id)?.place.release();
    this.#open.delete(id);
    this.#known.left(id, { state, attempt, version });
    if (state === 'failed' || state === 'missing') this.#fail(id, state, item.reason ?? state, item.failure);
    const { metrics } = this.runtime;
    if (metrics.isLive && !item.isUnknown) {
      metrics.itemEnded({ ...this.#host.metricAttributes, outcome: state }, item.durationMillis / 1_000);
    }
    this.#settle(id);
  }

  /**
   * Ends what is open, because the session ends around it: items in work, and those that earlier runs or blocks without
   * an outcome left in work. `withPending` also closes the set: what was never offered fails too, and no item is expected
   * any more; without it, what has not begun stays pending.
   */
  close(reason: string, options: { readonly withPending: boolean }): void {
    for (const { run } of [...this.#open.values()]) run.abort(reason);
    for (const [id, past] of this.#known.takeUnfinished()) {
      if (options.withPending || past.state !== 'pending') this.#failLeftover(id, past, reason);
    }
    if (options.withPending) this.tally.close();
  }

  /** Whether a last progress event is due. */
  isProgressDueAtEnd(): boolean {
    return this.#progress.atEnd();
  }

  #failLeftover(id: string, past: ItemPast, reason: string): void {
    const at = this.runtime.clock.now();
    const { state, attempt } = past;
    const entry = { from: state, to: 'failed', reason, at, auto: true, forced: false } as const;
    this.tally.move(state, 'failed');
    this.failures.add({ itemId: id, state: 'failed', category: 'aborted', reason });
    // The event stands on the session's span, so it names its item itself.
    const attributes = { [attribute.itemId]: id, [attribute.attempt]: attempt };
    const moved = transitionEvent({ machine: 'item', label: labelOf(id) }, entry, attributes);
    this.#host.unit.emit({ ...moved, of: this.#ofItem(id, past) });
  }

  #ofItem(id: string, past: ItemPast | undefined): { attributes: Attributes; version: number } {
    return {
      attributes: { ...this.identity, [attribute.unit]: 'item', [attribute.itemId]: id },
      version: past?.version ?? 0,
    };
  }

  #fail(itemId: string, state: 'failed' | 'missing', reason: string, record: ErrorRecord | undefined): void {
    const category = record?.diagnosis.category ?? (state === 'missing' ? 'file_not_found' : 'unknown');
    this.failures.add({ itemId, state, category, reason });
  }

  #settle(itemId: string): void {
    const counts = this.tally.counts();
    const mark = { done: finishedCount(counts), total: counts.total, isTotalKnown: this.tally.isTotalKnown };
    this.#host.settled(itemId, this.#progress.afterItem(mark));
  }
}

/** A value no program can throw, so that `undefined` thrown by a session is not taken for an item's. */
const neverThrown = Symbol('never thrown');
