import { type Attributes, type Context, context, type Link, type Span, type SpanKind } from '@opentelemetry/api';
import type { Duration } from '../domain/expectation.ts';
import { detachedText } from '../storable/detached-text.ts';
import { sanitizer } from '../storable/sanitizer.ts';
import type { AuditEntry } from './audit-entry.ts';
import { auditEvent } from './audit-event.ts';
import { functionFault } from './block-argument.ts';
import { attribute, event, spanTable } from './conventions.ts';
import { contextWithin, type OpenStep, type Scope } from './current-scope.ts';
import { diagnosisDetails, type ErrorRecord, toErrorRecord } from './error-record.ts';
import { sessionDefaults } from './session-defaults.ts';
import type { StepOptions } from './session-options.ts';
import type { StepBlock, StepHandle } from './step-scope.ts';
import { tellExpectation } from './told-expectation.ts';
import { labelOf } from './transition-event.ts';
import { Unit, type UnitKind } from './unit.ts';
import { type WaitOptions, type WaitOutcome, waitInside } from './waiting.ts';

/** Progress of one step is recorded at most this often; the end of it always. */
const progressIntervalMicros = 250_000;

/** What begins a step. */
export interface StepStart {
  readonly kind: Extract<UnitKind, 'step' | 'batch'>;
  readonly name: string;
  readonly options: StepOptions;
  /** Further attributes that come with the kind. */
  readonly attributes?: Attributes;
  /** Default: internal. */
  readonly spanKind?: SpanKind;
  readonly links?: readonly Link[];
}

/** Runs a step: its end is that of `fn`, and what `fn` throws is recorded and thrown on unchanged. */
export function runStep<T>(
  scope: Scope,
  name: string,
  fn: StepBlock<T>,
  options: StepOptions = {},
): Promise<Awaited<T>> {
  const fault = functionFault('step', 'its second argument', fn);
  if (fault !== undefined) return Promise.reject(fault);
  return runInside(new StepRun(scope, { kind: 'step', name, options }), fn);
}

/** Runs `fn` inside a step that has begun. */
export async function runInside<S extends StepRun, T>(step: S, fn: (step: S) => T): Promise<Awaited<T>> {
  try {
    const result = await context.with(step.context, fn, undefined, step);
    step.end();
    return result;
  } catch (error) {
    step.fail(error);
    throw error;
  }
}

/** Errors that a step has reported; those around it through which they pass do not report them again. */
const reported = new WeakSet<object>();

/** One step at work. */
export class StepRun implements StepHandle, OpenStep {
  readonly name: string;
  readonly unit: Unit;
  readonly #scope: Scope;
  readonly #ended: (succeeded: boolean) => void;
  #result: string | undefined;
  #progressAt = 0;

  constructor(scope: Scope, start: StepStart) {
    this.name = String(start.name);
    this.#scope = scope;
    this.unit = new Unit(scope.runtime, {
      kind: start.kind,
      spanName: spanName(start.kind, this.name),
      attributes: stepAttributes(scope, start),
      parent: admitted(scope),
      ...(start.spanKind !== undefined && { spanKind: start.spanKind }),
      ...(start.links !== undefined && { links: start.links }),
    });
    this.#ended = scope.stepBegun(this);
    // A batch tells of its begin itself.
    if (start.kind === 'step' && sessionDefaults().stepEvents !== false) {
      this.unit.tellStart(event.stepStart, `step ${labelOf(this.name)} begins`);
    }
  }

  get span(): Span {
    return this.unit.span;
  }

  get context(): Context {
    return this.unit.context;
  }

  progress(done: number, total?: number): void {
    const now = this.#scope.runtime.clock.now();
    if (done !== total && now - this.#progressAt < progressIntervalMicros) return;
    this.#progressAt = now;
    this.unit.emit({
      name: event.stepProgress,
      level: 'debug',
      category: 'performance',
      message: `${labelOf(this.name)}: ${done}${total === undefined ? '' : `/${total}`}`,
      at: now,
      attributes: { [attribute.done]: done, ...(total !== undefined && { [attribute.total]: total }) },
    });
  }

  output(value: unknown): void {
    this.#result = sanitizer().json(value);
  }

  waitFor(time: Duration | Date, options: WaitOptions = {}): Promise<WaitOutcome> {
    return waitInside(this.unit, time, options, this.#scope.signal);
  }

  audit(entry: AuditEntry | string): void {
    this.unit.emit(auditEvent(entry, context.active()));
  }

  step<T>(name: string, fn: StepBlock<T>, options: StepOptions = {}): Promise<Awaited<T>> {
    const inner = new StepRun({ ...bound(this.#scope), context: this.context }, { kind: 'step', name, options });
    return runInside(inner, fn);
  }

  end(): void {
    this.finish(undefined);
  }

  fail(error: unknown): void {
    if (this.unit.ended) return;
    const record = toErrorRecord(error);
    this.unit.recordException(record);
    this.#report(error, record);
    this.finish(record.message);
  }

  abandon(): void {
    this.finish('abandoned');
  }

  [Symbol.dispose](): void {
    this.abandon();
  }

  protected finish(failure: string | undefined): void {
    if (this.unit.ended) return;
    const durationMillis = this.unit.end(
      failure === undefined ? undefined : { message: failure },
      this.#result === undefined ? undefined : { [attribute.output]: this.#result },
    );
    const { metrics } = this.#scope.runtime;
    if (metrics.isLive) {
      const status = failure === undefined ? 'SUCCESS' : 'FAILED';
      metrics.stepEnded({ task: this.#scope.taskName, step: this.name, status }, durationMillis / 1_000);
    }
    this.#ended(failure === undefined);
  }

  #report(error: unknown, record: ErrorRecord): void {
    if (this.#scope.reportsErrors) return;
    if (typeof error === 'object' && error !== null) {
      if (reported.has(error)) return;
      reported.add(error);
    }
    this.#scope.runtime.metrics.errorRecorded(record.diagnosis.category);
    this.unit.emit({
      name: event.stepError,
      level: 'error',
      category: 'error',
      message: `step ${labelOf(this.name)}: ${record.summary}`,
      reason: record.summary,
      details: diagnosisDetails(record),
      attributes: { ...record.attributes },
    });
  }
}

/** Span names of steps come again with every item. Keyed by the name alone, whose hash a constant keeps. */
const spanNames = { step: new Map<string, string>(), batch: new Map<string, string>() };
const mostSpanNames = 1_000;

function spanName(kind: StepStart['kind'], name: string): string {
  const names = spanNames[kind];
  let known = names.get(name);
  if (known === undefined) {
    if (names.size >= mostSpanNames) names.clear();
    const kept = detachedText(name);
    known = `${spanTable[kind][0]} ${labelOf(kept)}`;
    names.set(kept, known);
  }
  return known;
}

function admitted(scope: Scope): Context {
  const parent = contextWithin(scope);
  return scope.budget === undefined ? parent : scope.budget.admit(parent);
}

function stepAttributes(scope: Scope, start: StepStart): Attributes {
  const { input, attempt } = start.options;
  const attributes: Attributes = { ...scope.identity };
  attributes[attribute.taskName] = scope.taskName;
  attributes[attribute.stepName] = start.name;
  attributes[attribute.order] = scope.nextOrder();
  if (attempt !== undefined) attributes[attribute.attempt] = attempt;
  if (input !== undefined) attributes[attribute.input] = sanitizer().json(input);
  tellExpectation(attributes, start.options);
  return Object.assign(attributes, start.attributes, start.options.attributes);
}

/** A copy of the scope that a step inside may narrow; methods keep their object. */
function bound(scope: Scope): Scope {
  return {
    runtime: scope.runtime,
    taskName: scope.taskName,
    identity: scope.identity,
    context: scope.context,
    budget: scope.budget,
    reportsErrors: scope.reportsErrors,
    signal: scope.signal,
    nextOrder: () => scope.nextOrder(),
    emit: (emitted) => scope.emit(emitted),
    stepBegun: (step) => scope.stepBegun(step),
    unitAt: (span) => scope.unitAt(span),
  };
}
