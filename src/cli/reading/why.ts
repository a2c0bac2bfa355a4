import { callFlow, type FlowLine, type FlowWindow, flowWindow } from '../../domain/call-flow.ts';
import { anomalyOf, expectedEnd } from '../../domain/expectation.ts';
import {
  compareRuns,
  type DurationRatio,
  durationRatio,
  historyOfRuns,
  sameVersion,
  type VersionChange,
  versionChange,
} from '../../domain/run-comparison.ts';
import { type Activity, adviceFor, type StallAdvice } from '../../domain/stall-advice.ts';
import { earlierRuns, earlierVersions, mostVersions } from './earlier-runs.ts';
import type { LedgerReader, UnitFilter } from './ledger-reader.ts';
import { describeOpenWork, type OpenWork } from './open-work.ts';
import type { ProcessEnd } from './process-row.ts';
import { type Run, runOf } from './runs.ts';
import { type MatchedWait, matchWaits } from './stuck-work.ts';
import type { Subject } from './subject.ts';
import { endOfWork, type WorkEnd } from './work-end.ts';
import { placeOfCode, stallEvidence } from './work-evidence.ts';
import { type LastRecord, readTrail } from './work-trail.ts';

/** The story of a session, item, task or process. */
export interface Story {
  /** Ids under which it is recorded. */
  readonly ids: Pick<UnitFilter, 'sessionId' | 'itemId'> & { readonly traceId: string | undefined };
  readonly subject: { readonly kind: Subject['kind']; readonly id: string; readonly process: string | null };
  readonly run: Omit<Run, 'flow' | 'filter' | 'unit'> | null;
  readonly last_record: LastRecord | null;
  /** What was seen last and what was expected next. */
  readonly window: FlowWindow;
  /** Function, file and line where it stands or failed, and who says so. */
  readonly code: { readonly place: readonly string[]; readonly source: string } | null;
  readonly flow: readonly FlowLine[];
  readonly verdict: string;
  readonly reason: string;
  readonly evidence: readonly string[];
  readonly activity: Activity;
  readonly open: readonly OpenWork[];
  readonly process: ProcessEnd | null;
  readonly database_waits: readonly MatchedWait[];
  /** The code that it runs, where the last run that went well had another. */
  readonly version: VersionChange | null;
  readonly duration: DurationRatio | null;
  /** How far its duration is off, with numbers. */
  readonly anomaly: string | null;
  readonly advice: readonly StallAdvice[];
  readonly end: WorkEnd | null;
  /** Last progress and last error; each null where none is recorded. */
  readonly progress: string | null;
  readonly error: string | null;
  readonly similar: readonly SimilarRun[];
  readonly judged_at: Date;
}

/** An earlier run beside this one. */
export interface SimilarRun {
  readonly id: string;
  readonly started_at: Date;
  readonly duration_ms: number | null;
  readonly outcome: string;
  readonly reason: string | null;
  readonly version: string | null;
  readonly steps_reached: number;
  readonly parallelism: number;
  readonly batch_size: number | null;
  /** What differs between it and this one, in sentences. */
  readonly differs: readonly string[];
}

const similarRuns = 5;
const mostOpen = 10_000;

/** Tells the story of what an id stands for. */
export async function tellStory(reader: LedgerReader, subject: Subject): Promise<Story> {
  const now = new Date();
  const run = await runOf(reader, subject);
  const process = await processOf(reader, subject, run);
  const earlier = run === undefined ? [] : await earlierRuns(reader, run, similarRuns);
  const comparable = sameVersion(earlier, run?.version);
  const lessons = comparable.length > 0 ? comparable : earlier;
  const flow = callFlow(
    run?.flow ?? [],
    lessons.map((one) => one.flow),
  );
  const window = flowWindow(flow);
  const open = await openWork(reader, run);
  const trail = await readTrail(reader, run);
  const waits = await waitsOf(reader, open, process);
  const evidence = stallEvidence({ open, process, trail, flow, window, waits, now });
  return {
    ids: {
      sessionId: run?.filter.sessionId,
      itemId: run?.filter.itemId,
      traceId: run?.filter.traceId ?? run?.unit?.trace_id,
    },
    subject: { kind: subject.kind, id: subject.id, process: process?.instance_id ?? null },
    run: run === undefined ? null : withoutRows(run),
    last_record: trail.last ?? null,
    window,
    code: placeOfCode(process, trail, open) ?? null,
    flow,
    ...verdictOn(run, process, open),
    evidence: evidence.told,
    activity: evidence.facts.activity,
    open,
    process: process ?? null,
    database_waits: waits,
    version: (run && versionChange(run.version, await earlierVersions(reader, run), mostVersions)) ?? null,
    ...durationOf(run, { runs: lessons, of: versionText(run, comparable) }, open, now),
    advice: adviceFor(evidence.facts),
    end: endOfWork(run, process, trail) ?? null,
    progress: trail.progress ?? null,
    error: trail.error ?? null,
    similar: run === undefined ? [] : earlier.map((one) => besides(one, run)),
    judged_at: now,
  };
}

async function processOf(
  reader: LedgerReader,
  subject: Subject,
  run: Run | undefined,
): Promise<ProcessEnd | undefined> {
  if (subject.kind === 'process') return subject.process;
  const id = run?.instanceId ?? undefined;
  return id === undefined ? undefined : reader.process(id);
}

/** What is open of a run, the outermost first. */
async function openWork(reader: LedgerReader, run: Run | undefined): Promise<readonly OpenWork[]> {
  if (run === undefined || run.endedAt !== undefined) return [];
  const { sessionId, itemId, traceId } = run.filter;
  const rows = await reader.running(sessionId === undefined ? {} : { sessionId }, mostOpen);
  return rows
    .filter((row) => (itemId ?? row.item_id) === row.item_id && (traceId ?? row.trace_id) === row.trace_id)
    .map((row) => describeOpenWork(row));
}

async function waitsOf(
  reader: LedgerReader,
  open: readonly OpenWork[],
  process: ProcessEnd | undefined,
): Promise<readonly MatchedWait[]> {
  if (open.length === 0 || process === undefined || process.ended_at !== null) return [];
  const found = await reader.databaseWaits();
  return matchWaits(found?.waits ?? [], [process]).filter(({ instance_id: id }) => id === process.instance_id);
}

const gravity = ['stuck', 'lost', 'waiting', 'running'];

/** The verdict on the outermost open unit, or on an inner one that is worse off. */
function verdictOn(run: Run | undefined, process: ProcessEnd | undefined, open: readonly OpenWork[]) {
  const worst = open.toSorted((a, b) => gravity.indexOf(a.verdict) - gravity.indexOf(b.verdict)).at(0);
  if (worst !== undefined) {
    const inner = worst === open[0] ? '' : `${worst.unit} ${worst.step_name}: `;
    return { verdict: worst.verdict as string, reason: `${inner}${worst.reason}` };
  }
  if (run?.endedAt !== undefined) {
    const why = run.reason === null ? '' : `: ${run.reason}`;
    return { verdict: 'done', reason: `ended ${run.outcome} at ${run.endedAt.toISOString()}${why}` };
  }
  if (process !== undefined) {
    const isEnded = process.ended_at !== null;
    return {
      verdict: isEnded ? 'done' : 'running',
      reason: isEnded ? 'the process has ended' : 'the process lives and has no open work',
    };
  }
  return { verdict: 'unknown', reason: 'its begin is not recorded here, so nothing can be said of its silence' };
}

/** Which code the runs had that it is held against, where its own is known. */
function versionText(run: Run | undefined, comparable: readonly Run[]): string {
  if (run?.version === undefined) return '';
  return comparable.length > 0 ? ` of version ${run.version}` : ', of other versions';
}

interface Lessons {
  readonly runs: readonly Run[];
  readonly of: string;
}

function durationOf(run: Run | undefined, lessons: Lessons, open: readonly OpenWork[], now: Date) {
  if (run === undefined) return { duration: null, anomaly: null };
  const elapsedMillis = run.durationMillis ?? now.getTime() - run.startedAt.getTime();
  const { done, total } = open[0] ?? {};
  const facts = {
    elapsedMillis,
    history: historyOfRuns(lessons.runs),
    expectation: run.unit?.expectation ?? undefined,
    ...(run.endedAt === undefined && { done: done ?? undefined, total: total ?? undefined }),
  };
  const expected = expectedEnd(facts);
  const isLearned = expected?.source === 'history';
  const told = isLearned ? { ...expected, basis: `${expected.basis}${lessons.of}` } : expected;
  return { duration: durationRatio(elapsedMillis, told) ?? null, anomaly: anomalyOf(facts) ?? null };
}

function besides(run: Run, own: Run): SimilarRun {
  return {
    id: run.id,
    started_at: run.startedAt,
    duration_ms: run.durationMillis ?? null,
    outcome: run.outcome,
    reason: run.reason,
    version: run.version ?? null,
    steps_reached: run.steps.length,
    parallelism: run.parallelism,
    batch_size: run.batchSize ?? null,
    differs: compareRuns(run, own),
  };
}

function withoutRows({ flow: _flow, filter: _filter, unit: _unit, ...run }: Run): NonNullable<Story['run']> {
  return run;
}

/** Whether a story ends in something that needs a person: stuck, lost, or failed. */
export function needsPerson({ verdict, run }: Story): boolean {
  const failed = ['failed', 'error', 'FAILED'];
  return verdict === 'stuck' || verdict === 'lost' || (run !== null && failed.includes(run.outcome));
}
