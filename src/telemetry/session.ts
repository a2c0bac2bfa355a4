import { type Context, context, type Span } from '@opentelemetry/api';
import { SpanledgerError } from '../domain/errors.ts';
import type { Duration } from '../domain/expectation.ts';
import { isTerminalSessionState, type SessionState } from '../domain/session-states.ts';
import { type ItemCounts, noItems } from '../domain/statistics.ts';
import { announceTogether } from './announcer.ts';
import type { AuditEntry } from './audit-entry.ts';
import { auditEvent } from './audit-event.ts';
import { runBatch } from './batch.ts';
import { assertFunction, assertIterable, assertOptions } from './block-argument.ts';
import { sessionReasons } from './default-reasons.ts';
import { type EachHost, runEach } from './each.ts';
import { toErrorRecord } from './error-record.ts';
import type { ImportOutcome } from './import-outcome.ts';
import { type ItemRun, runItem } from './item.ts';
import type { ItemBlock, ItemHandle, MeasureOptions } from './item-scope.ts';
import { measured } from './measured.ts';
import { SessionCore, type SessionStart } from './session-core.ts';
import { cancelSession, completeSession, failSession, letSessionGo, skippedOutcome } from './session-ending.ts';
import type { BatchOptions, EachOptions, ItemOptions, StepOptions } from './session-options.ts';
import type { EachBlock, EachSummary, SessionHandle, SessionSnapshot } from './session-scope.ts';
import { runStep, StepRun } from './step.ts';
import type { BatchBlock, StepBlock, StepHandle } from './step-scope.ts';
import { toMetadata } from './transition-event.ts';
import { createUnitLogger, type UnitLogger } from './unit-logger.ts';
import { type WaitOptions, type WaitOutcome, waitInside } from './waiting.ts';

/** One run of a session, as a program sees it. */
export class SessionRun implements SessionHandle {
  readonly skipped: boolean;
  readonly #core: SessionCore;
  #outcome: ImportOutcome | undefined;
  #logger: UnitLogger | undefined;

  constructor(start: SessionStart) {
    this.#core = new SessionCore(start);
    this.skipped = start.entry === 'skip';
    if (!this.#core.ended) return;
    this.#outcome = skippedOutcome(this.#core, start.past?.counts ?? noItems);
    this.#core.closed();
  }

  get id(): string {
    return this.#core.id;
  }

  get kind(): string {
    return this.#core.kind;
  }

  get accountId(): string | undefined {
    return this.#core.accountId;
  }

  get attempt(): number {
    return this.#core.machine.attempt;
  }

  get state(): SessionState {
    return this.#core.state;
  }

  get counts(): ItemCounts {
    return this.#core.items.tally.counts();
  }

  get startTime(): Date {
    return new Date(this.#core.unit.startedAt / 1_000);
  }

  get span(): Span {
    return this.#core.unit.span;
  }

  get context(): Context {
    return this.#core.context;
  }

  get signal(): AbortSignal | undefined {
    return this.#core.signal;
  }

  get logger(): UnitLogger {
    this.#logger ??= createUnitLogger(this.#core);
    return this.#logger;
  }

  canTransitionTo(target: SessionState): boolean {
    return !this.#core.ended && this.#core.machine.canTransitionTo(target);
  }

  to(target: SessionState, reason?: string, details?: unknown): void {
    this.#assertRunning('to');
    const why = reason ?? sessionReasons[target] ?? '';
    if (this.canTransitionTo(target)) this.#closeBefore(target, why);
    this.#core.machine.transition(target, why, toMetadata(details));
  }

  force(target: SessionState, reason: string, details?: unknown): void {
    this.#assertRunning('force');
    this.#closeBefore(target, reason);
    this.#core.machine.forceTransition(target, reason, toMetadata(details));
  }

  seal(): void {
    this.#assertOpen('seal');
    this.#core.isSealed = true;
    this.#core.items.tally.close();
    this.#core.settleIfSealed();
  }

  sync(): SessionSnapshot {
    const { items, declared, isSealed } = this.#core;
    const isComplete = declared !== undefined && this.counts.pending === 0;
    if (!this.#core.ended) this.#core.sync((isSealed || isComplete) && items.openCount === 0);
    return { state: this.state, counts: this.counts };
  }

  item<T>(options: ItemOptions, fn: ItemBlock<T>): Promise<Awaited<T> | undefined> {
    try {
      assertOptions('item', options);
      assertFunction('item', 'its second argument', fn);
      const item = this.#begin(options, { isExpected: false, operation: 'item' });
      return item === undefined ? Promise.resolve(undefined) : runItem(item, fn);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async each<T>(
    values: Iterable<T> | AsyncIterable<T>,
    options: EachOptions<T>,
    fn: EachBlock<T>,
  ): Promise<EachSummary> {
    assertIterable('each', values);
    assertOptions('each', options);
    assertFunction('each', 'the member id of its options', options.id);
    assertFunction('each', 'its third argument', fn);
    this.#assertOpen('each');
    return runEach(this.#eachHost(), values, options, fn);
  }

  /** The item of this id, while it is in work here. */
  itemInWork(id: string): ItemHandle | undefined {
    return this.#core.items.inWork(id);
  }

  /** An item for a call that runs in any case; `undefined` where the session takes none any more, or its id has ended before. */
  beginItem(options: ItemOptions): ItemRun | undefined {
    const isOver = this.#core.ended || this.#core.isSealed || isTerminalSessionState(this.state);
    return isOver ? undefined : this.#begin(options, { isExpected: false, operation: 'item' });
  }

  openItem(options: ItemOptions): ItemHandle | undefined {
    return this.#begin(options, { isExpected: false, operation: 'openItem' });
  }

  startItem(options: ItemOptions): ItemHandle | undefined {
    return this.#begin(options, { isExpected: false, operation: 'startItem' });
  }

  async step<T>(name: string, fn: StepBlock<T>, options?: StepOptions): Promise<Awaited<T>> {
    this.#assertRunning('step');
    return runStep(this.#core, name, fn, options);
  }

  startStep(name: string, options: StepOptions = {}): StepHandle {
    this.#assertRunning('startStep');
    return new StepRun(this.#core, { kind: 'step', name, options });
  }

  async batch<T>(name: string, options: BatchOptions, fn: BatchBlock<T>): Promise<Awaited<T>> {
    this.#assertRunning('batch');
    return runBatch(this.#core, name, options, fn);
  }

  async waitFor(time: Duration | Date, options: WaitOptions = {}): Promise<WaitOutcome> {
    this.#assertRunning('waitFor');
    return waitInside(this.#core.unit, time, options, this.signal);
  }

  audit(entry: AuditEntry | string): void {
    this.#core.emit(auditEvent(entry, context.active()));
  }

  measure<T>(operation: string, options: MeasureOptions, fn: () => T): Promise<Awaited<T>> {
    return measured(this.#core, operation, options, fn);
  }

  complete(): ImportOutcome {
    this.#outcome ??= completeSession(this.#core);
    return this.#outcome;
  }

  end(outcome?: { readonly error: unknown }): ImportOutcome {
    return outcome === undefined ? this.complete() : this.break(outcome.error);
  }

  cancel(reason: string): ImportOutcome {
    this.#outcome ??= cancelSession(this.#core, reason);
    return this.#outcome;
  }

  /** What a throw of the block does. One that a signal caused is a cancellation. */
  break(error: unknown): ImportOutcome {
    this.#outcome ??= this.isStop(error)
      ? cancelSession(this.#core, toErrorRecord(error).message)
      : failSession(this.#core, error);
    return this.#outcome;
  }

  /** Whether the error says that the session was stopped on purpose. */
  isStop(error: unknown): boolean {
    if (this.#core.stops.has(error)) return true;
    if (this.signal?.aborted !== true) return false;
    return toErrorRecord(error, this.signal).diagnosis.category === 'aborted';
  }

  [Symbol.dispose](): void {
    this.#outcome ??= letSessionGo(this.#core);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
  }

  #begin(options: ItemOptions, how: { readonly isExpected: boolean; readonly operation: string }): ItemRun | undefined {
    this.#assertOpen(how.operation);
    if (this.#core.isSealed) throw this.#endedError(how.operation, 'a sealed set of items');
    if (this.signal?.aborted === true) {
      this.#core.items.notStarted.add(options.id);
      throw this.signal.reason;
    }
    let item: ItemRun | undefined;
    announceTogether(() => {
      item = this.#core.items.begin(options, how.isExpected);
    });
    return item;
  }

  #eachHost(): EachHost {
    const { items, stops } = this.#core;
    return {
      signal: this.signal,
      runItem: async (options, isExpected, fn) => {
        const item = this.#begin(options, { isExpected, operation: 'each' });
        if (item === undefined) return 'refused';
        await runItem(item, fn);
        return 'run';
      },
      expect: (ids, count) => items.tally.expect(items.countNew(ids, count)),
      unusable: (error, id) => items.unusable(error, id),
      notStarted: (ids, count) => items.notStarted.addAll(ids, count),
      stopped: (reason) => stops.add(reason),
    };
  }

  /** A session that ends takes its open items with it. */
  #closeBefore(target: SessionState, reason: string): void {
    if (!isTerminalSessionState(target) || typeof reason !== 'string' || reason.trim() === '') return;
    this.#core.items.close(`session ${target}: ${reason}`, { withPending: target === 'imported' });
  }

  #assertRunning(operation: string): void {
    if (this.#core.ended) throw this.#endedError(operation, this.state);
  }

  /** Items begin only while the session has no end state. */
  #assertOpen(operation: string): void {
    if (this.#core.ended || isTerminalSessionState(this.state)) throw this.#endedError(operation, this.state);
  }

  #endedError(operation: string, state: string): SpanledgerError {
    return new SpanledgerError('SESSION_ENDED', { details: { id: this.id, state, operation } });
  }
}
