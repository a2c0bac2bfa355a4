import type { FlowStep } from '../../domain/call-flow.ts';
import { type ComparableRun, parallelismOf } from '../../domain/run-comparison.ts';
import type { LedgerReader, UnitFilter } from './ledger-reader.ts';
import { codeVersion } from './process-row.ts';
import type { SessionRow, StepGroup, UnitRow } from './rows.ts';
import type { Subject } from './subject.ts';

/** A run of a session, an item or a task, and its steps. */
export interface Run extends ComparableRun {
  readonly kind: 'session' | 'item' | 'trace';
  readonly task: string | null;
  readonly startedAt: Date;
  readonly endedAt: Date | undefined;
  readonly reason: string | null;
  readonly instanceId: string | null;
  /** Which units belong to it. */
  readonly filter: UnitFilter;
  readonly flow: readonly FlowStep[];
  /** The row of the run itself; of a session the newest one. */
  readonly unit: UnitRow | undefined;
}

const mostItems = 2_000;

/** The run that a subject stands for; of a process the one that it worked on last. */
export async function runOf(reader: LedgerReader, subject: Subject): Promise<Run | undefined> {
  switch (subject.kind) {
    case 'session':
      return sessionRun(reader, subject.session);
    case 'item':
      return itemRun(reader, subject.sessionId, subject.unit);
    case 'trace':
      return taskRun(reader, subject.root);
    case 'process':
      return subject.inner && runOf(reader, subject.inner);
    default:
      return subject satisfies never;
  }
}

/** A run of a session. */
export async function sessionRun(reader: LedgerReader, session: SessionRow): Promise<Run> {
  const [unit] = await reader.units({ sessionId: session.id, units: ['session'] }, 1);
  const startedAt = unit?.created_at ?? session.started_at ?? new Date(0);
  const filter = { sessionId: session.id, since: startedAt };
  const ended = session.ended_at ?? undefined;
  return {
    kind: 'session',
    id: session.id,
    task: session.kind,
    outcome: ended === undefined ? 'open' : session.state,
    reason: session.reason,
    items: session.total,
    failed: session.failed,
    startedAt,
    endedAt: ended,
    instanceId: unit?.instance_id ?? session.instance_id,
    filter,
    unit,
    ...(ended !== undefined && { durationMillis: ended.getTime() - startedAt.getTime() }),
    ...(await shapeOf(reader, filter)),
    ...codeOf(session),
  };
}

/** A run of an item. */
export async function itemRun(reader: LedgerReader, sessionId: string, unit: UnitRow): Promise<Run> {
  const filter = { sessionId, itemId: unit.item_id ?? '', since: unit.created_at };
  const shape = await shapeOf(reader, filter);
  return {
    ...unitRun(unit, unit.item_id ?? ''),
    kind: 'item',
    filter,
    ...shape,
    ...(await versionOf(reader, unit.instance_id)),
  };
}

/** A run of a task, by its outermost step. */
export async function taskRun(reader: LedgerReader, root: UnitRow): Promise<Run> {
  const filter = { traceId: root.trace_id, since: root.created_at };
  const shape = await shapeOf(reader, filter);
  return {
    ...unitRun(root, root.trace_id),
    kind: 'trace',
    filter,
    ...shape,
    ...(await versionOf(reader, root.instance_id)),
  };
}

function unitRun(unit: UnitRow, id: string) {
  const ended = unit.ended_at ?? undefined;
  return {
    id,
    task: unit.task_name,
    outcome: ended === undefined ? 'open' : unit.status,
    reason: unit.error_message,
    items: unit.total ?? 0,
    failed: 0,
    startedAt: unit.created_at,
    endedAt: ended,
    instanceId: unit.instance_id,
    unit,
    ...(ended !== undefined && { durationMillis: unit.duration_ms ?? ended.getTime() - unit.created_at.getTime() }),
  };
}

/** Steps, how many items are at work at once (of the newest 2,000), and how large batches are. */
async function shapeOf(reader: LedgerReader, filter: UnitFilter) {
  const groups = await reader.steps(filter);
  const items = await reader.units({ ...filter, units: ['item'] }, mostItems);
  const batches = await reader.units({ ...filter, units: ['batch'] }, mostItems);
  const sizes = batches.flatMap(({ total }) => total ?? []).sort((a, b) => a - b);
  const batchSize = sizes[Math.floor(sizes.length / 2)];
  return {
    flow: groups.map(toFlowStep),
    steps: groups.filter(({ unit }) => unit !== 'item').map(({ name, unit }) => `${unit} ${name}`),
    parallelism: parallelismOf(items.map(({ created_at: from, ended_at: to }) => intervalOf(from, to))),
    ...(batchSize !== undefined && { batchSize }),
  };
}

function intervalOf(from: Date, to: Date | null) {
  return { from: from.getTime(), ...(to !== null && { to: to.getTime() }) };
}

function toFlowStep(group: StepGroup): FlowStep {
  const { unit, name, inside, in_item: inItem, count, open, failed, first_at: first, median_ms: median } = group;
  return {
    unit,
    name,
    inItem,
    count,
    open,
    failed,
    firstAt: first.getTime(),
    ...(inside !== null && { inside }),
    ...(median !== null && { medianMillis: median }),
  };
}

/** The code that a process ran, as the field of a run. */
export async function versionOf(
  reader: LedgerReader,
  instanceId: string | null,
): Promise<{ readonly version?: string }> {
  const process = instanceId === null ? undefined : await reader.process(instanceId);
  return process === undefined ? {} : codeOf(process);
}

/** The code of a row that tells version and commit, as the field of a run. */
export function codeOf(process: Parameters<typeof codeVersion>[0]): { readonly version?: string } {
  const version = codeVersion(process);
  return version === undefined ? {} : { version };
}
