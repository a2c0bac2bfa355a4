import { threadOf } from '../../journal/thread-instance.ts';
import { type DatabaseWait, type DatabaseWaits, isOfShape } from './database-waits.ts';
import type { LedgerReader, RunningFilter } from './ledger-reader.ts';
import { describeOpenWork, isStuck, type OpenWork, treeOf } from './open-work.ts';
import type { ProcessRow } from './process-row.ts';

/** A unit that does not advance, or that nobody works on. */
export type StuckUnit = OpenWork & {
  /** The units around it and itself, the outermost first. */
  readonly path: readonly OpenWork[];
  readonly process: ProcessRow | null;
};

/** A wait in the database server, and whose it seems to be. */
export type MatchedWait = DatabaseWait & {
  /** The process whose statement or name it is; null where none of ours is known to be. */
  readonly instance_id: string | null;
  /** `statement` or `application_name`: what tells. */
  readonly matched_by: string | null;
};

/** Everything that does not advance. */
export interface StuckWork {
  readonly units: readonly StuckUnit[];
  /** Processes whose main thread is blocked, whether or not a unit is stuck by it yet. A worker thread may well compute for a while. */
  readonly blocked: readonly ProcessRow[];
  readonly waits: readonly MatchedWait[];
  /** How far the role sees; `undefined` where no server was asked. */
  readonly database: Pick<DatabaseWaits, 'seesStatements' | 'role'> | undefined;
}

export interface StuckOptions {
  readonly filter: RunningFilter;
  /** In place of the limits of the units: longest time without progress. */
  readonly limitSeconds?: number | undefined;
}

const mostUnits = 10_000;
/** A main thread that is blocked for as long is worth a look by itself. */
const blockedSeconds = 30;

/** Finds what does not advance, and where it stands. */
export async function findStuckWork(reader: LedgerReader, options: StuckOptions): Promise<StuckWork> {
  const { filter, limitSeconds } = options;
  // A limit of the caller's own finds others than the verdict of the database does.
  const onlyStuck = limitSeconds === undefined;
  const { rows, ...evidence } = await reader.stuckEvidence({ ...filter, verdicts: [], onlyStuck }, mostUnits);
  const path: OpenWork[] = [];
  const units = treeOf(rows).flatMap(({ row, depth }): StuckUnit[] => {
    const work = describeOpenWork(row, limitSeconds);
    path.splice(depth, path.length, work);
    return isStuck(work) ? [{ ...work, path: [...path], process: row.process }] : [];
  });
  const now = Date.now();
  const longest = Math.min(blockedSeconds, limitSeconds ?? blockedSeconds) * 1000;
  const blocked = evidence.blocked.filter(
    ({ blocked_since: since, service_name: service, instance_id: instance }) =>
      threadOf(instance) === undefined &&
      since !== null &&
      now - since.getTime() > longest &&
      (filter.service ?? service) === service,
  );
  const found = units.length + blocked.length > 0 ? evidence.database : undefined;
  const processes = found === undefined || found.waits.length === 0 ? [] : await reader.processes();
  return {
    units,
    blocked,
    database: found,
    waits: matchWaits(found?.waits ?? [], [...processes, ...processesOf(units)]),
  };
}

function processesOf(units: readonly StuckUnit[]): readonly ProcessRow[] {
  return units.flatMap(({ process }) => process ?? []);
}

/** Whose waits these are: by the statement that a process waits for, else by the name that its connections give themselves. */
export function matchWaits(waits: readonly DatabaseWait[], processes: readonly ProcessRow[]): readonly MatchedWait[] {
  return waits.map((wait) => {
    const byStatement = processes.find(
      ({ pending_call: call }) => call?.kind === 'sql' && wait.query !== null && isOfShape(wait.query, call.summary),
    );
    const byName = processes.find(({ service_name: name }) => name !== null && name === wait.application_name);
    const matched = byStatement ?? byName;
    const by = byStatement === undefined ? 'application_name' : 'statement';
    return { ...wait, instance_id: matched?.instance_id ?? null, matched_by: matched === undefined ? null : by };
  });
}
