import { type Context, context, type Link, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { withoutCorrelationId } from '../../telemetry/correlation.ts';
import { withLogContext } from '../../telemetry/log-context.ts';
import type { Job } from './job.ts';

/** Where a job begins. */
export interface JobOrigin {
  readonly context: Context;
  readonly links: readonly Link[];
}

/**
 * The context of a job: that of whoever sent it, in the same trace and under the same correlation id, and nothing of the worker that took it.
 * Each of many jobs of one sender has a trace of its own, linked to the sender.
 */
export function jobOrigin(job: Job, carrier: Job['carrier']): JobOrigin {
  const sent = carrier === undefined ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, carrier);
  const sender = trace.getSpanContext(sent);
  const isApart = job.isRepeated === true && sender !== undefined;
  const from = isApart ? withoutCorrelationId(trace.deleteSpan(sent)) : sent;
  return { context: withJobId(from, job.id), links: isApart ? [{ context: sender }] : [] };
}

/** Every record made inside has the id of the job. */
function withJobId(from: Context, id: string): Context {
  return context.with(from, () => withLogContext({ job_id: id }, () => context.active()));
}
