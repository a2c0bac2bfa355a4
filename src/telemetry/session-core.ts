import type { Attributes, Context, Span } from '@opentelemetry/api';
import type { TransitionEntry } from '../domain/guarded-machine.ts';
import type { SessionEntry } from '../domain/outcome.ts';
import { isTerminalSessionState, type SessionState } from '../domain/session-states.ts';
import { createSessionStateMachine, type SessionStateMachine } from '../domain/state-machine.ts';
import { synchronise } from '../domain/synchronisation.ts';
import { attribute, spanTable } from './conventions.ts';
import { setCorrelationId } from './correlation.ts';
import { type OpenStep, type Scope, stepAt, withScope } from './current-scope.ts';
import type { ItemPast, SessionPast } from './history.ts';
import { workerName } from './identity.ts';
import { contextIdentity } from './log-context.ts';
import { rootCorrelation } from './root-correlation.ts';
import { sessionDefaults } from './session-defaults.ts';
import {
  countAttributes,
  type SessionFacts,
  sessionProgressEvent,
  sessionRecoveredEvent,
  sessionSkipEvent,
  sessionStartEvent,
} from './session-events.ts';
import { type ItemsHost, SessionItems } from './session-items.ts';
import type { SessionOptions } from './session-options.ts';
import { tellExpectation } from './told-expectation.ts';
import type { TraceBudget } from './trace-budget.ts';
import { TracePlaces } from './trace-places.ts';
import { labelOf, refusedEvent, transitionEvent } from './transition-event.ts';
import { createRuntime, Unit, type UnitRuntime } from './unit.ts';
import type { UnitEvent } from './unit-event.ts';

const defaultKind = 'import';
const defaultProgressEvery = 10;
const defaultMaxItemsPerTrace = 500;
const defaultMaxSpansPerTrace = 5_000;

/** How a run of a session begins. */
export interface SessionStart {
  readonly options: SessionOptions;
  /** The context around the session. */
  readonly around: Context;
  /** What an earlier run left behind. */
  readonly past: SessionPast | undefined;
  readonly entry: SessionEntry;
  /** The items an earlier run left behind. */
  readonly items: ReadonlyMap<string, ItemPast>;
  /** Called once, when the run is over. */
  readonly onClosed: () => void;
}

/** The machine, the span, the items and the events of one run of a session. What a program may do with it is `SessionRun`. */
export class SessionCore implements ItemsHost, Scope {
  readonly id: string;
  readonly kind: string;
  readonly accountId: string | undefined;
  readonly worker: string;
  readonly signal: AbortSignal | undefined;
  readonly runtime: UnitRuntime;
  readonly identity: Attributes;
  readonly metricAttributes: Attributes;
  readonly unit: Unit;
  readonly context: Context;
  readonly machine: SessionStateMachine;
  readonly places: TracePlaces;
  readonly items: SessionItems;
  /** The total that the program told beforehand. */
  readonly declared: number | undefined;
  readonly reportsErrors = false;
  /** Reasons of signals that stopped a walk: an exception that is one of them is a cancellation, not an error. */
  readonly stops = new Set<unknown>();
  isSealed = false;
  /** Reason of the last move. */
  reason: string | undefined;
  readonly #onClosed: () => void;
  readonly #openSteps = new Set<OpenStep>();

  constructor(start: SessionStart) {
    const { options, around, past } = start;
    this.id = options.id;
    this.kind = options.kind ?? defaultKind;
    this.accountId = options.accountId;
    this.worker = options.worker ?? workerName();
    this.signal = options.signal;
    this.declared = options.total;
    this.#onClosed = start.onClosed;
    this.runtime = createRuntime({
      clock: options.clock,
      transport: options.transitions ?? sessionDefaults().transitions,
    });
    const { correlation, around: parent } = rootCorrelation(around);
    this.identity = {
      [attribute.sessionId]: this.id,
      [attribute.correlationId]: correlation,
      ...contextIdentity(around),
    };
    this.metricAttributes = { kind: this.kind };
    this.machine = this.#createMachine(start);
    this.unit = this.#openUnit(start, parent);
    this.context = withScope(setCorrelationId(this.unit.context, correlation), this);
    this.places = new TracePlaces({
      session: this.unit,
      context: this.context,
      identity: this.identity,
      taskName: this.taskName,
      maxItems: options.maxItemsPerTrace ?? defaultMaxItemsPerTrace,
      maxSpans: options.maxSpansPerTrace ?? defaultMaxSpansPerTrace,
    });
    this.items = new SessionItems(this, this.places, {
      past: start.items,
      total: options.total,
      progressEvery: options.progressEvery ?? sessionDefaults().progressEvery ?? defaultProgressEvery,
    });
    this.#begin(start.entry, past);
  }

  get taskName(): string {
    return this.kind;
  }

  get budget(): TraceBudget {
    return this.places.budget;
  }

  get state(): SessionState {
    return this.machine.state;
  }

  get ended(): boolean {
    return this.unit.ended;
  }

  facts(): SessionFacts {
    const { id, kind, accountId, state } = this;
    return { id, kind, accountId, state, attempt: this.machine.attempt, counts: this.items.tally.counts() };
  }

  nextOrder(): number {
    return this.unit.nextOrder();
  }

  emit(event: UnitEvent): void {
    this.unit.emit(event);
  }

  stepBegun(step: OpenStep): () => void {
    this.#openSteps.add(step);
    return () => this.#openSteps.delete(step);
  }

  /** Code under any other span waits for the session as a whole. */
  unitAt(span: Span | undefined): Unit {
    return stepAt(this.#openSteps, span) ?? this.unit;
  }

  /** Ends steps that are still open, as abandoned. */
  abandonSteps(): void {
    for (const step of [...this.#openSteps]) step.abandon();
  }

  atWork(): void {
    if (this.state !== 'importing' && !isTerminalSessionState(this.state)) this.sync(false);
  }

  settled(itemId: string, isProgressDue: boolean): void {
    if (isProgressDue) this.tellProgress(itemId);
    this.settleIfSealed();
  }

  tellProgress(itemId?: string): void {
    if (this.unit.isHeard) this.unit.emit(sessionProgressEvent(this.facts(), itemId));
  }

  /** A sealed session takes its outcome with the end of its last item. */
  settleIfSealed(): void {
    if (this.isSealed && this.items.openCount === 0) this.sync(true);
  }

  /** Moves the session where its items lead, every step recorded as automatic. */
  sync(closed: boolean): void {
    const { id, state } = this;
    const { steps } = synchronise({ id, state, counts: this.items.tally.counts(), closed });
    for (const { to, reason } of steps) this.machine.transition(to, reason, undefined, { auto: true });
  }

  /** The run is over. */
  closed(): void {
    this.#onClosed();
  }

  #createMachine({ past, entry }: SessionStart): SessionStateMachine {
    const attempt = past?.attempt ?? 1;
    return createSessionStateMachine(this.id, {
      state: past?.state ?? 'pending',
      attempt: entry === 'resume' ? attempt + 1 : attempt,
      now: () => this.runtime.clock.now(),
      onTransition: (moved) => this.#moved(moved),
      onRefused: (refused) => {
        this.runtime.metrics.transitionRefused('session');
        this.unit.emit(refusedEvent({ machine: 'session', label: labelOf(this.id) }, refused));
      },
    });
  }

  #openUnit({ options, past, entry }: SessionStart, parent: Context): Unit {
    const attempt = this.machine.attempt + (entry === 'retry' ? 1 : 0);
    const attributes: Attributes = {
      ...this.identity,
      [attribute.sessionKind]: this.kind,
      ...(this.accountId !== undefined && { [attribute.accountId]: this.accountId }),
      [attribute.taskName]: this.taskName,
      [attribute.stepName]: spanTable.session[0],
      [attribute.attempt]: attempt,
      ...(options.total !== undefined && { [attribute.total]: options.total }),
      ...options.attributes,
    };
    tellExpectation(attributes, options);
    return new Unit(this.runtime, {
      kind: 'session',
      spanName: spanTable.session[0],
      attributes,
      parent,
      version: past?.version,
    });
  }

  #begin(entry: SessionEntry, past: SessionPast | undefined): void {
    if (entry === 'skip' || entry === 'refuse') {
      this.unit.emit(sessionSkipEvent(this.id, this.state));
      this.unit.end(entry === 'refuse' ? { message: 'refused' } : undefined);
      return;
    }
    this.unit.emit(sessionStartEvent(this.facts()));
    if (past !== undefined && (entry === 'resume' || past.isInterrupted === true)) {
      this.unit.emit(sessionRecoveredEvent({ ...this.facts(), attempt: past.attempt + 1 }));
    }
    if (entry !== 'retry') return;
    this.machine.transition('processing', `retry, attempt ${this.machine.attempt + 1}`, undefined, { auto: true });
  }

  #moved(entry: TransitionEntry<SessionState>): void {
    this.reason = entry.reason;
    const attributes = countAttributes(this.items.tally.counts());
    attributes[attribute.attempt] = this.machine.attempt;
    this.unit.emit(transitionEvent({ machine: 'session', label: labelOf(this.id) }, entry, attributes));
  }
}
