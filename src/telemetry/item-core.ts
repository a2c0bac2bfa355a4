import type { Attributes, Context, Span } from '@opentelemetry/api';
import type { TransitionEntry } from '../domain/guarded-machine.ts';
import {
  abandonedReason,
  abortsWithSession,
  failsOnThrow,
  normalEndReason,
  stepsOnReturn,
} from '../domain/item-block.ts';
import type { ItemState } from '../domain/item-states.ts';
import { createItemStateMachine, type ItemStateMachine } from '../domain/state-machine.ts';
import { announceTogether } from './announcer.ts';
import { attribute, spanTable } from './conventions.ts';
import { type OpenStep, type Scope, stepAt, withScope } from './current-scope.ts';
import { type ErrorRecord, toErrorRecord } from './error-record.ts';
import type { ItemPast } from './history.ts';
import { claimEvent, itemEndEvent, itemErrorEvent, itemUnknownEvent } from './item-events.ts';
import type { ItemHost, ItemStart } from './item-host.ts';
import { tellExpectation } from './told-expectation.ts';
import type { TraceBudget } from './trace-budget.ts';
import { labelOf, refusedEvent, transitionEvent } from './transition-event.ts';
import { Unit, type UnitRuntime } from './unit.ts';
import type { UnitEvent } from './unit-event.ts';

/** The machine, the span and the events of one item, from its claim to its end. What a program may do with it is `ItemRun`. */
export class ItemCore implements Scope {
  readonly id: string;
  readonly filePath: string | undefined;
  readonly attempt: number;
  readonly identity: Attributes;
  readonly budget: TraceBudget;
  readonly context: Context;
  readonly reportsErrors = true;
  protected readonly host: ItemHost;
  protected readonly unit: Unit;
  protected readonly machine: ItemStateMachine;
  /** The step that ended since the last move. */
  protected lastStep: string | undefined;
  protected restsInWarning = false;
  #label: string | undefined;
  #openSteps: Set<OpenStep> | undefined;
  #reason: string | undefined;
  #failure: ErrorRecord | undefined;

  constructor(host: ItemHost, start: ItemStart) {
    const { options, past } = start;
    this.host = host;
    this.id = options.id;
    this.filePath = options.filePath;
    this.budget = start.budget;
    this.identity = { ...host.identity, [attribute.itemId]: this.id };
    this.attempt = (past?.attempt ?? 1) + (start.isRetry ? 1 : 0);
    this.unit = this.#openUnit(start);
    this.context = withScope(this.unit.context, this);
    this.machine = this.#createMachine(past);
    this.#begin(start);
  }

  get state(): ItemState {
    return this.machine.state;
  }

  /** The id, as messages repeat it. */
  get label(): string {
    this.#label ??= labelOf(this.id);
    return this.#label;
  }

  get taskName(): string {
    return this.host.taskName;
  }

  get runtime(): UnitRuntime {
    return this.host.runtime;
  }

  get signal(): AbortSignal | undefined {
    return this.host.signal;
  }

  get span(): Span {
    return this.unit.span;
  }

  get ended(): boolean {
    return this.unit.ended;
  }

  nextOrder(): number {
    return this.unit.nextOrder();
  }

  emit(event: UnitEvent): void {
    this.unit.emit(event);
  }

  stepBegun(step: OpenStep): (succeeded: boolean) => void {
    this.#openSteps ??= new Set();
    this.#openSteps.add(step);
    return (succeeded) => {
      this.#openSteps?.delete(step);
      if (succeeded) this.lastStep = step.name;
    };
  }

  /** Code under any other span waits for the item as a whole. */
  unitAt(span: Span | undefined): Unit {
    return stepAt(this.#openSteps ?? [], span) ?? this.unit;
  }

  /** What a normal return of the block does. */
  complete(): void {
    if (!this.ended) announceTogether(() => this.#complete());
  }

  /** What a throw of the block does: the item fails where it may, and an error record is kept in any case. */
  break(error: unknown): void {
    this.host.itemThrew(error);
    if (this.ended) return;
    const record = toErrorRecord(error, this.signal);
    announceTogether(() => {
      this.recordError(record);
      if (failsOnThrow(this.state)) this.machine.failByThrow(record.summary);
      this.#end();
    });
  }

  /** What the end of the session around it does. */
  abort(reason: string): void {
    if (this.ended) return;
    if (abortsWithSession(this.state)) {
      this.recordError(toErrorRecord({ name: 'AbortError', code: 'ABORT_ERR', message: reason }));
      this.machine.transition('failed', reason, undefined, { auto: true });
    }
    this.#end();
  }

  /** The block went away without telling how the item ended: its state stays, and nothing is claimed. */
  letGo(): void {
    if (this.ended) return;
    this.emit(itemUnknownEvent(this.label, this.state));
    this.#close('outcome unknown', true);
  }

  protected recordError(record: ErrorRecord, details?: unknown): void {
    this.#failure = record;
    this.runtime.metrics.errorRecorded(record.diagnosis.category);
    this.unit.recordException(record);
    this.emit(itemErrorEvent(this.label, record, details));
  }

  #openUnit(start: ItemStart): Unit {
    const attributes: Attributes = { ...this.identity };
    attributes[attribute.taskName] = this.taskName;
    attributes[attribute.stepName] = spanTable.item[0];
    attributes[attribute.order] = start.order;
    attributes[attribute.attempt] = this.attempt;
    if (this.filePath !== undefined) attributes[attribute.filePath] = this.filePath;
    tellExpectation(attributes, start.options);
    return new Unit(this.runtime, {
      kind: 'item',
      spanName: spanTable.item[0],
      attributes: Object.assign(attributes, start.options.attributes),
      parent: start.parent,
      version: start.past?.version,
    });
  }

  #createMachine(past: ItemPast | undefined): ItemStateMachine {
    return createItemStateMachine(this.id, {
      state: past?.state ?? 'pending',
      attempt: past?.attempt ?? 1,
      now: () => this.runtime.clock.now(),
      onTransition: (entry) => this.#moved(entry),
      onRefused: (refused) => {
        this.runtime.metrics.transitionRefused('item');
        this.emit(refusedEvent({ machine: 'item', label: this.label }, refused));
      },
    });
  }

  #begin(start: ItemStart): void {
    const { worker } = this.host;
    if (this.unit.isHeard) this.emit(claimEvent(this.label, worker, this.attempt));
    const taken = start.isRetry ? `retry, attempt ${this.attempt}` : `claimed by ${worker}`;
    for (const step of start.steps) {
      this.machine.transition(step, step === 'failed' ? abandonedReason : taken, undefined, { auto: true });
    }
  }

  #moved(entry: TransitionEntry<ItemState>): void {
    this.#reason = entry.reason;
    this.lastStep = undefined;
    this.restsInWarning = false;
    if (this.unit.isHeard) this.emit(transitionEvent({ machine: 'item', label: this.label }, entry));
    this.host.itemMoved(entry.from, entry.to);
  }

  #complete(): void {
    for (const step of stepsOnReturn(this.state, this.restsInWarning)) {
      this.machine.transition(step, normalEndReason, undefined, { auto: true });
    }
    this.#end();
  }

  #end(): void {
    const { state } = this;
    this.#abandonSteps();
    if (this.unit.isHeard) {
      const durationMillis = this.unit.elapsedMillis();
      this.emit(itemEndEvent({ label: this.label, state, reason: this.#reason, durationMillis }));
    }
    const isFailed = state === 'failed' || state === 'missing';
    this.#close(isFailed ? (this.#failure?.message ?? this.#reason ?? state) : undefined, false);
  }

  #close(failure: string | undefined, isUnknown: boolean): void {
    const { id, state, attempt, unit } = this;
    this.#abandonSteps();
    const durationMillis = unit.end(
      failure === undefined ? undefined : { message: failure },
      isUnknown ? undefined : { [attribute.outcome]: state },
    );
    this.host.itemEnded({
      id,
      state,
      attempt,
      version: unit.version,
      isUnknown,
      durationMillis,
      reason: this.#reason,
      failure: this.#failure,
    });
  }

  #abandonSteps(): void {
    if (this.#openSteps === undefined) return;
    for (const step of [...this.#openSteps]) step.abandon();
  }
}
