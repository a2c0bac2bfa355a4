import { context } from '@opentelemetry/api';
import { SpanledgerError } from '../domain/errors.ts';
import type { Duration } from '../domain/expectation.ts';
import type { ItemState } from '../domain/item-states.ts';
import { legalPath } from '../domain/legal-path.ts';
import { itemMachine } from '../domain/transition.ts';
import type { AuditEntry } from './audit-entry.ts';
import { auditEvent } from './audit-event.ts';
import { itemReason } from './default-reasons.ts';
import { toErrorRecord } from './error-record.ts';
import { ItemCore } from './item-core.ts';
import { fileSavedEvent } from './item-events.ts';
import type { ItemFinish, ItemHandle, MeasureOptions } from './item-scope.ts';
import { measured } from './measured.ts';
import type { SavedFile, StepOptions } from './session-options.ts';
import { runStep, StepRun } from './step.ts';
import type { StepBlock, StepHandle } from './step-scope.ts';
import { toMetadata } from './transition-event.ts';
import { createUnitLogger, type UnitLogger } from './unit-logger.ts';
import { type WaitOptions, type WaitOutcome, waitInside } from './waiting.ts';

/** One item at work, as a program sees it. */
export class ItemRun extends ItemCore implements ItemHandle {
  #logger: UnitLogger | undefined;

  get sessionId(): string {
    return this.host.id;
  }

  get startTime(): Date {
    return new Date(this.unit.startedAt / 1_000);
  }

  get logger(): UnitLogger {
    this.#logger ??= createUnitLogger(this);
    return this.#logger;
  }

  canTransitionTo(target: ItemState): boolean {
    return !this.ended && this.machine.canTransitionTo(target);
  }

  to(target: ItemState, reason?: string, details?: unknown): void {
    this.#assertOpen('to');
    this.machine.transition(target, reason ?? itemReason(target, this.lastStep), toMetadata(details));
  }

  skip(reason: string, details?: unknown): void {
    this.#assertOpen('skip');
    this.#walk('skipped', reason, details);
  }

  missing(reason: string, details?: unknown): void {
    this.#assertOpen('missing');
    this.#walk('missing', reason, details);
  }

  finish(state: ItemFinish, reason?: string, details?: unknown): void {
    this.#assertOpen('finish');
    if (state !== this.state) this.#walk(state, reason ?? itemReason(state, undefined), details);
    this.restsInWarning = state === 'warning';
  }

  fail(error: unknown, details?: unknown): void {
    this.#assertOpen('fail');
    const record = toErrorRecord(error, this.signal);
    if (this.machine.canTransitionTo('failed')) this.recordError(record, details);
    this.machine.transition('failed', record.summary, toMetadata(details));
  }

  fileSaved(file: SavedFile): void {
    this.#assertOpen('fileSaved');
    this.emit(fileSavedEvent(file));
  }

  step<T>(name: string, fn: StepBlock<T>, options?: StepOptions): Promise<Awaited<T>> {
    if (this.ended) return Promise.reject(this.#endedError('step'));
    return runStep(this, name, fn, options);
  }

  startStep(name: string, options: StepOptions = {}): StepHandle {
    this.#assertOpen('startStep');
    return new StepRun(this, { kind: 'step', name, options });
  }

  async waitFor(time: Duration | Date, options: WaitOptions = {}): Promise<WaitOutcome> {
    this.#assertOpen('waitFor');
    return waitInside(this.unit, time, options, this.signal);
  }

  audit(entry: AuditEntry | string): void {
    this.emit(auditEvent(entry, context.active()));
  }

  measure<T>(operation: string, options: MeasureOptions, fn: () => T): Promise<Awaited<T>> {
    return measured(this, operation, options, fn);
  }

  end(outcome?: { readonly error: unknown }): void {
    if (outcome === undefined) this.complete();
    else this.break(outcome.error);
  }

  [Symbol.dispose](): void {
    this.letGo();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.letGo();
  }

  /** Walks the legal way to a state: steps on the way are automatic, the last one is the program's. */
  #walk(target: ItemState, reason: string, details: unknown): void {
    const onTheWay = isReason(reason) ? legalPath(itemMachine, this.state, target)?.slice(0, -1) : undefined;
    for (const step of onTheWay ?? []) {
      this.machine.transition(step, `on the way to ${target}: ${reason}`, undefined, { auto: true });
    }
    this.machine.transition(target, reason, toMetadata(details));
  }

  #assertOpen(operation: string): void {
    if (this.ended) throw this.#endedError(operation);
  }

  #endedError(operation: string): SpanledgerError {
    return new SpanledgerError('ITEM_ENDED', { details: { id: this.id, state: this.state, operation } });
  }
}

/** The machine refuses an empty reason; nothing may move on the way to that refusal. */
function isReason(reason: unknown): boolean {
  return typeof reason === 'string' && reason.trim() !== '';
}

/** Runs the block of an item: its end is that of `fn`, and what `fn` throws is recorded and thrown on unchanged. */
export async function runItem<T>(item: ItemRun, fn: (item: ItemRun) => T): Promise<Awaited<T>> {
  try {
    const result = await context.with(item.context, fn, undefined, item);
    item.complete();
    return result;
  } catch (error) {
    item.break(error);
    throw error;
  }
}
