import { type Attributes, type Context, context, isSpanContextValid, trace } from '@opentelemetry/api';
import { attribute } from './conventions.ts';
import { correlationId, setCorrelationId } from './correlation.ts';
import { currentScope, type Scope, withScope } from './current-scope.ts';
import { EventDoor } from './event-door.ts';
import { createCorrelationId, inventSpanContext } from './identity.ts';
import { contextIdentity } from './log-context.ts';
import { createRuntime, type UnitRuntime } from './unit.ts';
import type { UnitEvent } from './unit-event.ts';

/** The scope around the code that runs now; a new one, of this task, outside of sessions and items. */
export function scopeFor(taskName: string): Scope {
  return currentScope() ?? new TaskScope(taskName);
}

/** What steps outside of sessions and items belong to: the task that the outermost of them begins. */
class TaskScope implements Scope {
  readonly runtime: UnitRuntime = createRuntime({});
  readonly taskName: string;
  readonly identity: Attributes;
  readonly context: Context;
  readonly budget = undefined;
  readonly reportsErrors = false;
  #order = 0;

  constructor(taskName: string) {
    const active = context.active();
    const correlation = correlationId(active) ?? createCorrelationId();
    this.taskName = taskName;
    this.identity = { [attribute.correlationId]: correlation, ...contextIdentity(active) };
    this.context = withScope(setCorrelationId(active, correlation), this);
  }

  nextOrder(): number {
    this.#order += 1;
    return this.#order - 1;
  }

  /** Events of a task stand on the span that is active, since a task has none of its own. */
  emit(event: UnitEvent): void {
    const active = context.active();
    const around = trace.getSpan(active);
    const own = around?.spanContext();
    const span =
      around !== undefined && own !== undefined && isSpanContextValid(own)
        ? around
        : trace.wrapSpanContext(inventSpanContext(own));
    const { clock, transport } = this.runtime;
    const { identity: attributes } = this;
    new EventDoor({ span, spanContext: span.spanContext(), context: active, attributes, clock, transport }).emit(event);
  }

  stepBegun(): () => void {
    return () => undefined;
  }
}
