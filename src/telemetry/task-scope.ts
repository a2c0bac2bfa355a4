import { type Attributes, type Context, context, isSpanContextValid, type Span, trace } from '@opentelemetry/api';
import { attribute } from './conventions.ts';
import { setCorrelationId } from './correlation.ts';
import { currentScope, type OpenStep, type Scope, stepAt, withScope } from './current-scope.ts';
import { EventDoor } from './event-door.ts';
import { inventSpanContext } from './identity.ts';
import { contextIdentity } from './log-context.ts';
import { rootCorrelation } from './root-correlation.ts';
import { createRuntime, type Unit, type UnitRuntime } from './unit.ts';
import type { UnitEvent } from './unit-event.ts';

/** The scope around the code that runs now; a new one, of this task, outside of sessions and items. */
export function scopeFor(taskName: string): Scope {
  return currentScope() ?? new TaskScope(taskName);
}

/** A scope of a new task, wherever it begins. */
export function newTask(taskName: string): Scope {
  return new TaskScope(taskName);
}

/** What steps outside of sessions and items belong to: the task that the outermost of them begins. */
class TaskScope implements Scope {
  readonly runtime: UnitRuntime = createRuntime({});
  readonly taskName: string;
  readonly identity: Attributes;
  readonly context: Context;
  readonly budget = undefined;
  readonly reportsErrors = false;
  readonly signal = undefined;
  readonly #openSteps = new Set<OpenStep>();
  #order = 0;

  constructor(taskName: string) {
    const active = context.active();
    const { correlation, around } = rootCorrelation(active);
    this.taskName = taskName;
    this.identity = { [attribute.correlationId]: correlation, ...contextIdentity(active) };
    this.context = withScope(setCorrelationId(around, correlation), this);
  }

  nextOrder(): number {
    this.#order += 1;
    return this.#order - 1;
  }

  /** Events of a task stand on the span that is active, since a task has none of its own. */
  emit(event: UnitEvent): void {
    const door = doorOf(trace.getSpan(context.active()), this);
    door.emit({ of: { attributes: this.identity, version: 0 }, ...event });
  }

  stepBegun(step: OpenStep): () => void {
    this.#openSteps.add(step);
    return () => this.#openSteps.delete(step);
  }

  /** Under a span of the host's own, the step that began last waits. */
  unitAt(span: Span | undefined): Unit | undefined {
    return stepAt(this.#openSteps, span) ?? [...this.#openSteps].at(-1)?.unit;
  }
}

/** One door for each span, so that the events on it are numbered in one row. Held weakly. */
const doors = new WeakMap<Span, EventDoor>();

function doorOf(active: Span | undefined, scope: Scope): EventDoor {
  const known = active === undefined ? undefined : doors.get(active);
  if (known !== undefined) return known;
  const own = active?.spanContext();
  const isReal = active !== undefined && own !== undefined && isSpanContextValid(own);
  const span = isReal ? active : trace.wrapSpanContext(inventSpanContext(own));
  const { clock, transport } = scope.runtime;
  const { identity: attributes } = scope;
  const around = trace.setSpan(scope.context, span);
  const door = new EventDoor({ span, spanContext: span.spanContext(), context: around, attributes, clock, transport });
  if (isReal) doors.set(active, door);
  return door;
}
