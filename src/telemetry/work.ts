import { context, trace } from '@opentelemetry/api';
import type { Duration } from '../domain/expectation.ts';
import { type AnnouncedEvent, captureAnnouncements } from './announcer.ts';
import type { AuditEntry } from './audit-entry.ts';
import { auditEvent } from './audit-event.ts';
import { runBatch } from './batch.ts';
import type { BatchOptions, StepOptions } from './session-options.ts';
import { runStep } from './step.ts';
import type { BatchBlock, StepBlock } from './step-scope.ts';
import { scopeFor } from './task-scope.ts';
import { type WaitOptions, type WaitOutcome, waitInside } from './waiting.ts';

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

/**
 * Waits until then, and says so on the step, item or session in which it is called: it counts as waiting, not as stuck, until
 * its time is over. Outside of all of them the wait is a step of its own. Resolves with `stopped`, within a second, when the
 * signal aborts, or that of the session around it, or the process is told to stop (SIGTERM, SIGINT).
 *
 * @throws SpanledgerError `SPANLEDGER_INVALID_DURATION`
 *
 * @example
 * ```ts
 * while ((await waitFor({ hours: 3 }, { reason: 'next cycle', signal })) === 'elapsed') await runCycle();
 * ```
 */
export async function waitFor(
  time: Duration | Date,
  options: WaitOptions & { readonly task?: string } = {},
): Promise<WaitOutcome> {
  const scope = scopeFor(options.task ?? 'wait');
  const unit = scope.unitAt(trace.getSpan(context.active()));
  if (unit !== undefined && !unit.ended) return waitInside(unit, time, options, scope.signal);
  return runStep(scope, 'wait', (waiting) => waiting.waitFor(time, options));
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
