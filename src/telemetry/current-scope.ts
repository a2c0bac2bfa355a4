import { type Attributes, type Context, context, createContextKey, type Span } from '@opentelemetry/api';
import type { TraceBudget } from './trace-budget.ts';
import type { Unit, UnitRuntime } from './unit.ts';
import type { UnitEvent } from './unit-event.ts';

const scopeKey = createContextKey('spanledger.scope.v1');

/** What a step belongs to: an item, a session, or a step outside of both. */
export interface Scope {
  readonly runtime: UnitRuntime;
  readonly taskName: string;
  /** Ids that every unit inside carries. */
  readonly identity: Attributes;
  readonly context: Context;
  readonly budget: TraceBudget | undefined;
  /** Errors of steps inside are reported by the scope itself, as an item does. */
  readonly reportsErrors: boolean;
  /** Ends what waits inside. */
  readonly signal: AbortSignal | undefined;
  nextOrder(): number;
  emit(event: UnitEvent): void;
  /** A step began; the returned function is called when it has ended. */
  stepBegun(step: OpenStep): (succeeded: boolean) => void;
  /** The open unit that waits when code waits under this span; `undefined` where none is open. */
  unitAt(span: Span | undefined): Unit | undefined;
}

/** A step that its scope can end. */
export interface OpenStep {
  readonly name: string;
  readonly unit: Unit;
  abandon(): void;
}

/** The step among these whose span it is. */
export function stepAt(steps: Iterable<OpenStep>, span: Span | undefined): Unit | undefined {
  for (const { unit } of steps) if (unit.span === span) return unit;
  return undefined;
}

/** The scope around the code that runs now. */
export function currentScope(from: Context = context.active()): Scope | undefined {
  return from.getValue(scopeKey) as Scope | undefined;
}

/** The context with a scope in it. */
export function withScope(to: Context, scope: Scope): Context {
  return to.setValue(scopeKey, scope);
}

/** The context in which a child of the scope begins: the active one if it lies inside the scope, else the scope's own. */
export function contextWithin(scope: Scope): Context {
  const active = context.active();
  return currentScope(active) === scope ? active : scope.context;
}
