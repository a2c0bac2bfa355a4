import { type Attributes, type Context, context, type Span } from '@opentelemetry/api';
import { SpanledgerError } from '../domain/errors.ts';
import type { TransitionEntry } from '../domain/guarded-machine.ts';
import {
  abandonedReason,
  abortsWithSession,
  failsOnThrow,
  normalEndReason,
  stepsOnReturn,
} from '../domain/item-block.ts';
import type { ItemState } from '../domain/item-states.ts';
import { legalPath } from '../domain/legal-path.ts';
import { createItemStateMachine, type ItemStateMachine } from '../domain/state-machine.ts';
import { itemMachine } from '../domain/transition.ts';
import type { AuditEntry } from './audit-entry.ts';
import { auditEvent } from './audit-event.ts';
import { attribute, spanTable } from './conventions.ts';
import { type OpenStep, type Scope, withScope } from './current-scope.ts';
import { itemReason } from './default-reasons.ts';
import { type ErrorRecord, toErrorRecord } from './error-record.ts';
import { claimEvent, fileSavedEvent, itemEndEvent, itemErrorEvent, itemUnknownEvent } from './item-events.ts';
import type { ItemFinish, ItemHandle, MeasureOptions } from './item-scope.ts';
import { measured } from './measured.ts';
import type { ItemOptions, SavedFile, StepOptions } from './session-options.ts';
import { runStep, StepRun } from './step.ts';
import type { StepBlock, StepHandle } from './step-scope.ts';
import type { TraceBudget } from './trace-budget.ts';
import { refusedEvent, toMetadata, transitionEvent } from './transition-event.ts';
import { Unit, type UnitRuntime } from './unit.ts';
import type { UnitEvent } from './unit-event.ts';
import { createUnitLogger, type UnitLogger } from './unit-logger.ts';

/** What an item needs of the session around it, and tells it. */
export interface ItemHost {
  readonly runtime: UnitRuntime;
  readonly id: string;
  readonly taskName: string;
  readonly worker: string;
  readonly signal: AbortSignal | undefined;
  /** Ids that every unit of the session carries. */
  readonly identity: Attributes;
  itemMoved(from: ItemState, to: ItemState): void;
  itemEnded(item: ItemRun): void;
  /** An error that leaves the item's block is the item's, not the session's own. */
  itemThrew(error: unknown): void;
}

/** Where and how an item begins. */
export interface ItemStart {
  readonly options: ItemOptions;
  /** State, attempt and version that an earlier run left behind. */
  readonly past: { readonly state: ItemState; readonly attempt: number; readonly version: number } | undefined;
  /** The moves that take it up. */
  readonly steps: readonly ItemState[];
  readonly isRetry: boolean;
  readonly order: number;
  readonly parent: Context;
  readonly budget: TraceBudget;
}

/** One item at work: its machine, its span and what its block may do. */
export class ItemRun implements ItemHandle, Scope {
  readonly id: string;
  readonly filePath: string | undefined;
  readonly identity: Attributes;
  readonly budget: TraceBudget;
  readonly context: Context;
  readonly reportsErrors = true;
  readonly #host: ItemHost;
  readonly #unit: Unit;
  readonly #machine: ItemStateMachine;
  readonly #attempt: number;
  #openSteps: Set<OpenStep> | undefined;
  #logger: UnitLogger | undefined;
  #lastStep: string | undefined;
  #reason: string | undefined;
  #failure: ErrorRecord | undefined;
  #restsInWarning = false;
  #isUnknown = false;

  constructor(host: ItemHost, start: ItemStart) {
    this.#host = host;
    this.id = start.options.id;
    this.filePath = start.options.filePath;
    this.budget = start.budget;
    this.identity = { ...host.identity, [attribute.itemId]: this.id };
    this.#attempt = (start.past?.attempt ?? 1) + (start.isRetry ? 1 : 0);
    this.#unit = new Unit(host.runtime, {
      kind: 'item',
      spanName: spanTable.item[0],
      attributes: this.#attributesOf(start),
      parent: start.parent,
      version: start.past?.version,
    });
    this.context = withScope(this.#unit.context, this);
    this.#machine = createItemStateMachine(this.id, {
      state: start.past?.state ?? 'pending',
      attempt: start.past?.attempt ?? 1,
      now: () => host.runtime.clock.now(),
      onTransition: (entry) => this.#moved(entry),
      onRefused: (refused) => {
        host.runtime.metrics.transitionRefused('item');
        this.#unit.emit(refusedEvent(this.#mover(), refused));
      },
    });
    this.#begin(start);
  }

  get state(): ItemState {
    return this.#machine.state;
  }

  get attempt(): number {
    return this.#attempt;
  }

  get sessionId(): string {
    return this.#host.id;
  }

  get taskName(): string {
    return this.#host.taskName;
  }

  get runtime(): UnitRuntime {
    return this.#host.runtime;
  }

  get signal(): AbortSignal | undefined {
    return this.#host.signal;
  }

  get span(): Span {
    return this.#unit.span;
  }

  get startTime(): Date {
    return new Date(this.#unit.startedAt / 1_000);
  }

  get logger(): UnitLogger {
    this.#logger ??= createUnitLogger(this);
    return this.#logger;
  }

  /** Reason of the last move. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** What went wrong, where something did. */
  get failure(): ErrorRecord | undefined {
    return this.#failure;
  }

  /** The block went away without telling how the item ended. */
  get isUnknown(): boolean {
    return this.#isUnknown;
  }

  get version(): number {
    return this.#unit.version;
  }

  get ended(): boolean {
    return this.#unit.ended;
  }

  canTransitionTo(target: ItemState): boolean {
    return !this.ended && this.#machine.canTransitionTo(target);
  }

  to(target: ItemState, reason?: string, details?: unknown): void {
    this.#assertOpen('to');
    this.#machine.transition(target, reason ?? itemReason(target, this.#lastStep), toMetadata(details));
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
    this.#restsInWarning = state === 'warning';
  }

  fail(error: unknown, details?: unknown): void {
    this.#assertOpen('fail');
    const record = toErrorRecord(error, this.signal);
    if (this.#machine.canTransitionTo('failed')) this.#recordError(record, details);
    this.#machine.transition('failed', record.summary, toMetadata(details));
  }

  fileSaved(file: SavedFile): void {
    this.#assertOpen('fileSaved');
    this.#unit.emit(fileSavedEvent(file));
  }

  async step<T>(name: string, fn: StepBlock<T>, options?: StepOptions): Promise<Awaited<T>> {
    this.#assertOpen('step');
    return runStep(this, name, fn, options);
  }

  startStep(name: string, options: StepOptions = {}): StepHandle {
    this.#assertOpen('startStep');
    return new StepRun(this, { kind: 'step', name, options });
  }

  audit(entry: AuditEntry | string): void {
    this.#unit.emit(auditEvent(entry, context.active()));
  }

  measure<T>(operation: string, options: MeasureOptions, fn: () => T): Promise<Awaited<T>> {
    return measured(this, operation, options, fn);
  }

  complete(): void {
    if (this.ended) return;
    for (const step of stepsOnReturn(this.state, this.#restsInWarning)) {
      this.#machine.transition(step, normalEndReason, undefined, { auto: true });
    }
    this.#end();
  }

  end(outcome?: { readonly error: unknown }): void {
    if (outcome === undefined) this.complete();
    else this.break(outcome.error);
  }

  /** What a throw of the block does: the item fails where it may, and an error record is kept in any case. */
  break(error: unknown): void {
    this.#host.itemThrew(error);
    if (this.ended) return;
    const record = toErrorRecord(error, this.signal);
    this.#recordError(record);
    if (failsOnThrow(this.state)) this.#machine.failByThrow(record.summary);
    this.#end();
  }

  /** What the end of the session around it does. */
  abort(reason: string): void {
    if (this.ended) return;
    if (abortsWithSession(this.state)) {
      this.#recordError(toErrorRecord({ name: 'AbortError', code: 'ABORT_ERR', message: reason }));
      this.#machine.transition('failed', reason, undefined, { auto: true });
    }
    this.#end();
  }

  [Symbol.dispose](): void {
    if (this.ended) return;
    this.#isUnknown = true;
    this.#unit.emit(itemUnknownEvent(this.id, this.state));
    this.#abandonSteps();
    this.#unit.end({ message: 'outcome unknown' });
    this.#host.itemEnded(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
  }

  nextOrder(): number {
    return this.#unit.nextOrder();
  }

  emit(event: UnitEvent): void {
    this.#unit.emit(event);
  }

  stepBegun(step: OpenStep): (succeeded: boolean) => void {
    this.#openSteps ??= new Set();
    this.#openSteps.add(step);
    return (succeeded) => {
      this.#openSteps?.delete(step);
      if (succeeded) this.#lastStep = step.name;
    };
  }

  #attributesOf(start: ItemStart): Attributes {
    return {
      ...this.identity,
      [attribute.taskName]: this.#host.taskName,
      [attribute.stepName]: spanTable.item[0],
      [attribute.order]: start.order,
      [attribute.attempt]: this.#attempt,
      ...(this.filePath !== undefined && { [attribute.filePath]: this.filePath }),
      ...start.options.attributes,
    };
  }

  #begin(start: ItemStart): void {
    const { worker } = this.#host;
    this.#unit.emit(claimEvent(this.id, worker, this.#attempt));
    for (const step of start.steps) {
      const again = step === 'failed' ? abandonedReason : `retry, attempt ${this.#attempt}`;
      this.#machine.transition(step, start.isRetry ? again : `claimed by ${worker}`, undefined, { auto: true });
    }
  }

  #mover() {
    return { machine: 'item', id: this.id, attempt: this.#attempt } as const;
  }

  #moved(entry: TransitionEntry<ItemState>): void {
    this.#reason = entry.reason;
    this.#lastStep = undefined;
    this.#restsInWarning = false;
    this.#unit.emit(transitionEvent(this.#mover(), entry));
    this.#host.itemMoved(entry.from, entry.to);
  }

  /** Walks the legal way to a state: steps on the way are automatic, the last one is the program's. */
  #walk(target: ItemState, reason: string, details: unknown): void {
    const path = legalPath(itemMachine, this.state, target);
    if (typeof reason === 'string' && reason.trim() !== '') {
      for (const step of path?.slice(0, -1) ?? []) {
        this.#machine.transition(step, `on the way to ${target}: ${reason}`, undefined, { auto: true });
      }
    }
    this.#machine.transition(target, reason, toMetadata(details));
  }

  #recordError(record: ErrorRecord, details?: unknown): void {
    this.#failure = record;
    this.#host.runtime.metrics.errorRecorded(record.diagnosis.category);
    this.#unit.recordException(record);
    this.#unit.emit(itemErrorEvent(this.id, record, details));
  }

  #end(): void {
    this.#abandonSteps();
    const state = this.state;
    const durationMillis = this.#unit.elapsedMillis();
    this.#unit.emit(itemEndEvent({ id: this.id, state, reason: this.#reason, attempt: this.#attempt, durationMillis }));
    const failed = state === 'failed' || state === 'missing';
    const message = this.#failure?.message ?? this.#reason ?? state;
    this.#unit.end(failed ? { message } : undefined, { [attribute.outcome]: state });
    this.#host.itemEnded(this);
  }

  #abandonSteps(): void {
    for (const step of this.#openSteps ?? []) step.abandon();
  }

  #assertOpen(operation: string): void {
    if (!this.ended) return;
    throw new SpanledgerError('ITEM_ENDED', { details: { id: this.id, state: this.state, operation } });
  }
}

/** Runs the block of an item: its end is that of `fn`, and what `fn` throws is recorded and thrown on unchanged. */
export async function runItem<T>(item: ItemRun, fn: (item: ItemRun) => T): Promise<Awaited<T>> {
  try {
    const result = await context.with(item.context, () => fn(item));
    item.complete();
    return result;
  } catch (error) {
    item.break(error);
    throw error;
  }
}
