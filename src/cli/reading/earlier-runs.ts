import type { VersionedRun } from '../../domain/run-comparison.ts';
import type { LedgerReader } from './ledger-reader.ts';
import type { SessionRow, UnitRow } from './rows.ts';
import { codeOf, itemRun, type Run, sessionRun, taskRun, versionOf } from './runs.ts';

/** Earlier runs of the same session kind, item kind or task, the newest first. */
export async function earlierRuns(reader: LedgerReader, run: Run, last: number): Promise<readonly Run[]> {
  const runs: Run[] = [];
  if (run.kind === 'session') {
    for (const session of await earlierSessions(reader, run, last)) runs.push(await sessionRun(reader, session));
  } else if (run.kind === 'trace') {
    for (const root of await earlierRoots(reader, run, last)) runs.push(await taskRun(reader, root));
  } else {
    const { sessionId } = run.filter;
    for (const item of await earlierItems(reader, run, last)) runs.push(await itemRun(reader, sessionId ?? '', item));
  }
  return runs;
}

/** Earlier runs that are asked for their version, at most. */
export const mostVersions = 50;

/** How earlier runs of the same ended and under which code, the newest first; without what costs a look at their steps. */
export async function earlierVersions(reader: LedgerReader, run: Run): Promise<readonly VersionedRun[]> {
  if (run.kind === 'session') {
    const sessions = await earlierSessions(reader, run, mostVersions);
    return sessions.map((session) => ({ id: session.id, outcome: session.state, ...codeOf(session) }));
  }
  const units =
    run.kind === 'trace'
      ? await earlierRoots(reader, run, mostVersions)
      : await earlierItems(reader, run, mostVersions);
  const ids = [...new Set(units.map(({ instance_id: id }) => id))];
  const codes = new Map(await Promise.all(ids.map(async (id) => [id, await versionOf(reader, id)] as const)));
  return units.map((unit) => ({
    id: run.kind === 'trace' ? unit.trace_id : (unit.item_id ?? ''),
    outcome: unit.status,
    ...codes.get(unit.instance_id),
  }));
}

async function earlierSessions(reader: LedgerReader, run: Run, last: number): Promise<readonly SessionRow[]> {
  if (run.task === null) return [];
  const sessions = await reader.sessions({ kind: run.task, last: last + lookAhead });
  const earlier = sessions.filter(({ id, started_at: at }) => id !== run.id && at !== null && at <= run.startedAt);
  return earlier.slice(0, last);
}

async function earlierRoots(reader: LedgerReader, run: Run, last: number): Promise<readonly UnitRow[]> {
  if (run.task === null) return [];
  const roots = await reader.taskRuns(run.task, last + lookAhead);
  const isSameStep = ({ step_name: step }: UnitRow) => step === run.unit?.step_name;
  const earlier = roots.filter(
    (root) => root.trace_id !== run.id && root.created_at <= run.startedAt && isSameStep(root),
  );
  return earlier.slice(0, last);
}

async function earlierItems(reader: LedgerReader, run: Run, last: number): Promise<readonly UnitRow[]> {
  if (run.task === null) return [];
  const { sessionId } = run.filter;
  const items = await reader.units(
    { ...(sessionId !== undefined && { sessionId }), units: ['item'] },
    last + lookAhead,
  );
  const others = items.filter(({ item_id: id, ended_at: end }) => id !== run.id && end !== null);
  return others.toReversed().slice(0, last);
}

const lookAhead = 5;
