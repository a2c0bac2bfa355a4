import type { FlowLine, FlowWindow } from '../../domain/call-flow.ts';
import { activityOf, type StallEvidence } from '../../domain/stall-advice.ts';
import { type StackFrame, systemCallText } from '../../journal/process-state.ts';
import { threadOf } from '../../journal/thread-instance.ts';
import { detailsOf } from '../rendering/event-text.ts';
import { duration } from '../rendering/quantities.ts';
import type { OpenWork } from './open-work.ts';
import type { ProcessEnd } from './process-row.ts';
import type { MatchedWait } from './stuck-work.ts';
import { categoryOf, type Trail } from './work-trail.ts';

/** What is known of work that may be stuck. */
export interface WorkFacts {
  readonly open: readonly OpenWork[];
  readonly process: ProcessEnd | undefined;
  readonly trail: Trail;
  readonly flow: readonly FlowLine[];
  readonly window: FlowWindow;
  readonly waits: readonly MatchedWait[];
  readonly now: Date;
}

const freshMillis = 120_000;

/** The evidence as the catalogue takes it, and in sentences. */
export function stallEvidence(facts: WorkFacts): { readonly facts: StallEvidence; readonly told: readonly string[] } {
  const { open, process, trail, flow, window } = facts;
  const blocker = facts.waits[0]?.blocked_by[0];
  const call = process?.pending_call ?? undefined;
  const inner = open.findLast(({ unit }) => unit !== 'session' && unit !== 'item');
  const memory = memoryOf(process, trail);
  const category = categoryOf(trail.errorRow);
  const verdict = worstVerdict(open);
  const thread = process && threadOf(process.instance_id);
  const evidence: StallEvidence = {
    verdict,
    activity: activityOf(isFresh(process, facts.now) ? (process?.cpu_ratio ?? undefined) : undefined),
    // A worker thread may well compute for a while.
    isBlocked: isBlocked(process, facts.now) && (thread === undefined || verdict === 'stuck'),
    ...(thread !== undefined && { thread }),
    frames: framesOf(process),
    isBeforeFirstStep: open.length > 0 && flow.every(({ mark }) => mark === 'not seen'),
    unseenInside: window.unseenInside,
    hasLostRecords: trail.hasLostRecords,
    ...(inner !== undefined && { openStep: inner.step_name }),
    ...(call !== undefined && { pendingCall: call.kind }),
    ...(blocker !== undefined && {
      blockedBy: `session ${blocker.pid} of ${blocker.application_name ?? 'an unknown program'}`,
    }),
    ...(category !== undefined && { errorCategory: category }),
    ...(memory !== undefined && { memory }),
  };
  return { facts: evidence, told: sentences(facts, evidence) };
}

function worstVerdict(open: readonly OpenWork[]): StallEvidence['verdict'] {
  const order = ['stuck', 'lost', 'waiting', 'running'] as const;
  return order.find((verdict) => open.some((work) => work.verdict === verdict)) ?? 'done';
}

function isFresh(process: ProcessEnd | undefined, now: Date): boolean {
  const seen = process?.last_seen_at ?? null;
  return seen !== null && process?.ended_at === null && now.getTime() - seen.getTime() < freshMillis;
}

function isBlocked(process: ProcessEnd | undefined, now: Date): boolean {
  return (process?.blocked_since ?? null) !== null && isFresh(process, now);
}

/** Memory when the event loop was first found blocked, and now. */
function memoryOf(process: ProcessEnd | undefined, { stall }: Trail): StallEvidence['memory'] {
  const before = detailsOf(stall?.details).rss_bytes;
  const now = process?.rss_bytes ?? null;
  return typeof before === 'number' && now !== null ? { before, now } : undefined;
}

function sentences({ open, process, waits, now }: WorkFacts, evidence: StallEvidence): readonly string[] {
  if (process === undefined) return open.length === 0 ? [] : ['no sign of life of its process is known'];
  const age = (since: Date) => duration(Math.max(0, now.getTime() - since.getTime()));
  const cpu = process.cpu_ratio === null ? '' : `, processor time ${Math.round(process.cpu_ratio * 100)} %`;
  const silent = {
    busy: 'silent and busy',
    active: 'silent, with some processor time',
    idle: 'silent and idle',
    unknown: undefined,
  }[evidence.activity];
  const told = [
    process.ended_at !== null || process.last_seen_at === null
      ? undefined
      : `its process ${process.pid} gave its last sign of life ${age(process.last_seen_at)} ago${cpu}`,
    open.some(({ verdict }) => verdict === 'stuck') ? silent : undefined,
    evidence.isBlocked && process.blocked_since !== null
      ? `its ${threadText(process)} for ${age(process.blocked_since)}`
      : undefined,
    process.pending_call === null || process.ended_at !== null
      ? undefined
      : `${process.pending_call.kind} without an answer for ${age(new Date(process.pending_call.started_at))}: ${process.pending_call.summary}`,
    ...waits.map(
      ({ locked, blocked_by: by }) =>
        `it waits for a lock on ${locked ?? '?'} that is held by ${by.map(({ pid, application_name: name }) => `session ${pid} of ${name ?? '?'}`).join(', ')}`,
    ),
  ];
  return told.filter((text) => text !== undefined);
}

function threadText({ instance_id }: ProcessEnd): string {
  const thread = threadOf(instance_id);
  return thread === undefined
    ? 'main thread is blocked'
    : `worker thread ${thread} has not come back to its event loop`;
}

function threadName({ instance_id }: ProcessEnd): string {
  return threadOf(instance_id) === undefined ? 'blocked main thread' : 'worker thread';
}

/** The stack of a blocked main thread; where none can be taken, what it waits for. */
function framesOf(process: ProcessEnd | undefined): readonly string[] {
  const call = process?.blocked_call ?? undefined;
  return process?.blocked_stack?.map(frameText) ?? (call === undefined ? [] : [systemCallText(call)]);
}

/** Where in the code it stands, or failed, with the source of that knowledge. */
export function placeOfCode(process: ProcessEnd | undefined, trail: Trail, open: readonly OpenWork[]) {
  if (open.length > 0 && process?.blocked_since && process.blocked_stack !== null) {
    return { place: process.blocked_stack.map(frameText), source: `stack of the ${threadName(process)}` };
  }
  if (open.length > 0 && process?.blocked_since && process.blocked_call !== null) {
    return { place: framesOf(process), source: `system call of the ${threadName(process)}` };
  }
  const { frames } = detailsOf(trail.stall?.details);
  const isLast = trail.stall !== undefined && trail.stall.created_at >= (trail.last?.time ?? new Date(0));
  if (isLast && Array.isArray(frames)) {
    return { place: (frames as readonly StackFrame[]).map(frameText), source: 'last stack of the blocked main thread' };
  }
  const stack = (trail.errorRow?.stack_trace ?? '').split('\n').filter((line) => /^\s*at /.test(line));
  if (stack.length === 0) return undefined;
  return { place: stack.map((line) => line.trim().replace(/^at /, '')), source: 'stack of its last error' };
}

function frameText({ function: name, file, line, column }: StackFrame): string {
  return `${name} (${file}:${line}:${column})`;
}
