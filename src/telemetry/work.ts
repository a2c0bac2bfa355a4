import { context } from '@opentelemetry/api';
import { type AnnouncedEvent, captureAnnouncements } from './announcer.ts';
import type { AuditEntry } from './audit-entry.ts';
import { auditEvent } from './audit-event.ts';
import { runBatch } from './batch.ts';
import type { BatchOptions, StepOptions } from './session-options.ts';
import { runStep } from './step.ts';
import type { BatchBlock, StepBlock } from './step-scope.ts';
import { scopeFor } from './task-scope.ts';

/** Options of a step outside of sessions and items. */
export interface TaskStepOptions extends StepOptions {
  /** Name of the task whose step it is. Default: the name of the outermost step. */
  readonly task?: string;
}

/**
 * Runs a named piece of work as a span and a row, in whatever session, item or request it is called. Its begin is
 * recorded before `fn` runs, its end on every way out; what `fn` throws is thrown on unchanged.
 *
 * @example
 * ```ts
 * const rows = await step('fetch prices', () => fetchPrices(), { task: 'price update' });
 * ```
 */
export function step<T>(name: string, fn: StepBlock<T>, options: TaskStepOptions = {}): Promise<Awaited<T>> {
  return runStep(scopeFor(options.task ?? name), name, fn, options);
}

/** Runs one batch of many: begin, end, seconds and counts are on record. */
export function batch<T>(
  name: string,
  options: BatchOptions & { readonly task?: string },
  fn: BatchBlock<T>,
): Promise<Awaited<T>> {
  return runBatch(scopeFor(options.task ?? name), name, options, fn);
}

/** Writes a record of one's own, for the session, item or request in which it is called. Never throws. */
export function audit(entry: AuditEntry | string): void {
  scopeFor('audit').emit(auditEvent(entry, context.active()));
}

/** The announcement of a record of one's own that makes no other trace, for a row that the caller stores. Never throws. */
export function announcementOf(entry: AuditEntry | string): AnnouncedEvent | undefined {
  const [announced] = captureAnnouncements(() => {
    scopeFor('audit').emit({ ...auditEvent(entry, context.active()), isRowOnly: true });
  });
  return announced;
}
