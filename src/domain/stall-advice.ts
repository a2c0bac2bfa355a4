/** Where a log line goes, and what else may keep a main thread: by name of function or file in a stack. */
const sinkFrames =
  /\b(?:writev? to|writeLine|writeSync|_write|writev?Generic|handleWriteReq|console|SyncWriteStream|sonic-boom|pino|winston|log4js|bunyan)\b/i;
const remoteNames = /(?:api|auth|client|connect|download|fetch|http|login|oauth|request|token|upload)/i;
const databaseNames =
  /(?:^|\W)(?:commit|database|db|lock|migrat\w*|pool|postgres|query|select|sql|transaction)(?:\W|$)/i;
const initNames = /^(?:init|boot|setup|start(?:-?up)?|load config|connect)\b/i;

/** Busy from half a processor on, idle up to a twentieth of one. */
const busyRatio = 0.5;
const idleRatio = 0.05;

/** What a silent process does: `busy` computes, `idle` waits, `unknown` where nobody saw it lately. */
export type Activity = 'busy' | 'active' | 'idle' | 'unknown';

/** What a process does, by its processor time per time. */
export function activityOf(cpuRatio: number | undefined): Activity {
  if (cpuRatio === undefined) return 'unknown';
  if (cpuRatio >= busyRatio) return 'busy';
  return cpuRatio <= idleRatio ? 'idle' : 'active';
}

/** What is known of work that does not advance. */
export interface StallEvidence {
  readonly verdict: 'running' | 'waiting' | 'stuck' | 'lost' | 'done';
  readonly activity: Activity;
  /** The worker thread that it is about; otherwise the main thread. */
  readonly thread?: number;
  /** Its thread does not come back to the event loop. */
  readonly isBlocked: boolean;
  /** Functions and files of the stack there, innermost first; empty in native code. */
  readonly frames: readonly string[];
  /** The innermost open step. */
  readonly openStep?: string;
  readonly pendingCall?: 'sql' | 'http' | 'other';
  /** Who holds the lock that it waits for, in words. */
  readonly blockedBy?: string;
  /** Category that the diagnosis gave its last error. */
  readonly errorCategory?: string;
  /** No step has begun or ended since the start of the run. */
  readonly isBeforeFirstStep: boolean;
  /** Steps that usually run inside the open one and of which none was recorded. */
  readonly unseenInside: readonly string[];
  /** The ledger dropped records of its process, or could not write. */
  readonly hasLostRecords: boolean;
  /** Memory of its process in bytes, now and at an earlier look. */
  readonly memory?: { readonly before: number; readonly now: number };
}

/** Hypotheses, by the letters of the catalogue. */
export type AdviceCode = 'A' | 'B' | 'C' | 'D' | 'E';

/** What may be the cause, what speaks for it, and what to do. */
export interface StallAdvice {
  readonly code: AdviceCode;
  readonly title: string;
  /** `evidence`: something recorded speaks for it; `possible`: names and absences do. */
  readonly grade: 'evidence' | 'possible';
  readonly because: string;
  readonly actions: readonly string[];
}

interface CatalogueEntry {
  readonly code: AdviceCode;
  readonly title: string;
  readonly actions: readonly string[];
  /** What speaks for it. */
  readonly evidence: (facts: StallEvidence) => string | undefined;
  /** What makes it possible where nothing speaks for anything. */
  readonly possible: (facts: StallEvidence) => string | undefined;
}

/** The catalogue: which evidence selects which advice. */
export const stallCatalogue: readonly CatalogueEntry[] = [
  {
    code: 'A',
    title: 'Records or log lines do not arrive',
    actions: [
      'Run `spanledger doctor`: it tells dropped records, a journal that cannot be written, and what waits to be shipped.',
      'Read standard output and error of the process all the time: a pipe that nobody reads blocks who writes to it.',
      'Prove the path of the logs: `spanledger doctor -- node app.js` sends a line through a child logger and looks for it.',
    ],
    evidence: ({ hasLostRecords, frames, thread }) => {
      const sink = frames.slice(0, nearFrames).find((frame) => sinkFrames.test(frame));
      if (sink !== undefined) return `${threadName(thread)} stands in ${sink}`;
      return hasLostRecords ? 'the ledger has recorded that records were dropped or could not be written' : undefined;
    },
    possible: ({ verdict, activity, isBeforeFirstStep }) =>
      verdict === 'stuck' && activity === 'active' && isBeforeFirstStep
        ? 'the process works, and nothing behind its start is recorded'
        : undefined,
  },
  {
    code: 'B',
    title: 'It waits for the database',
    actions: [
      'Look at who holds the lock, and end that session or its transaction: `spanledger stuck` names it.',
      'Set lock_timeout, statement_timeout and idle_in_transaction_session_timeout, and a connection timeout on the pool.',
      'Retry what fails with 40001, 40P01 or 55P03, with a growing pause.',
    ],
    evidence: ({ blockedBy, pendingCall, errorCategory }) => {
      if (blockedBy !== undefined) return `its statement waits for a lock that ${blockedBy} holds`;
      if (pendingCall === 'sql') return 'a statement has no answer';
      return errorCategory !== undefined && /^db_/.test(errorCategory)
        ? `its last error is one of the database (${errorCategory})`
        : undefined;
    },
    possible: ({ openStep, activity }) =>
      activity !== 'busy' && openStep !== undefined && databaseNames.test(openStep)
        ? `the open step is called ${openStep}`
        : undefined,
  },
  {
    code: 'C',
    title: 'It waits for another system',
    actions: [
      'Give every call a deadline: `signal: AbortSignal.timeout(30_000)`; fetch has none of its own for a body that stops.',
      'Retry with a growing pause, and go on with what is known (a cached token, the last prices) where that is right.',
      'Set a `limit` on the step, so that it counts as stuck in time.',
    ],
    evidence: ({ pendingCall, errorCategory }) => {
      if (pendingCall === 'http' || pendingCall === 'other') return 'a call to another system has no answer';
      return errorCategory !== undefined && /^(?:network_error|timeout|rate_limited)$/.test(errorCategory)
        ? `its last error came from the network (${errorCategory})`
        : undefined;
    },
    possible: ({ openStep, activity }) =>
      activity !== 'busy' && openStep !== undefined && remoteNames.test(openStep)
        ? `the open step is called ${openStep}, and no call to another system is seen`
        : undefined,
  },
  {
    code: 'D',
    title: 'Its start takes long',
    actions: [
      'Build components when they are needed first, or side by side: `await Promise.all([...])`.',
      'Put every component into a step of its own, `step("init: name", ...)`: the next start then names the slow one.',
      'Load less at the start: indexes, models and catalogues in the background.',
    ],
    evidence: ({ openStep, verdict }) =>
      verdict === 'stuck' && openStep !== undefined && initNames.test(openStep)
        ? `the open step ${openStep} belongs to the start`
        : undefined,
    possible: ({ isBeforeFirstStep, unseenInside, isBlocked }) => {
      if (isBlocked) return undefined;
      if (unseenInside.length > 0)
        return `it was entered, and none of its inner steps was recorded: ${unseenInside.join(', ')}`;
      return isBeforeFirstStep ? 'it began, and none of its steps did' : undefined;
    },
  },
  {
    code: 'E',
    title: 'It computes without coming to an end',
    actions: [
      'Look at the line of the stack: a loop whose condition never changes, a regular expression that backtracks, a value that grows.',
      'Bound the loop by a count or a time, and report its count with `progress`.',
      'Move long work to a worker thread with a timeout, or let it yield with `setImmediate`.',
    ],
    evidence: ({ isBlocked, activity, frames, memory, thread }) => {
      if (isBlocked && activity !== 'idle') {
        return frames[0] === undefined
          ? `${threadName(thread)} is blocked in native code`
          : `${threadName(thread)} stands in ${frames[0]}`;
      }
      if (memory !== undefined && memory.now > growth * memory.before && activity === 'busy') {
        return 'it is silent and busy, and its memory has doubled';
      }
      return undefined;
    },
    possible: ({ verdict, activity }) =>
      verdict === 'stuck' && activity === 'busy'
        ? 'it is silent and busy: it computes something that it does not report'
        : undefined,
  },
];

function threadName(thread: number | undefined): string {
  return thread === undefined ? 'the main thread' : `worker thread ${thread}`;
}

const nearFrames = 6;
const growth = 2;

/**
 * The advice that the evidence selects; only where none does, what is possible. Work that advances, waits as it said or has ended
 * well gets none.
 */
export function adviceFor(facts: StallEvidence): readonly StallAdvice[] {
  if (facts.verdict === 'running' || facts.verdict === 'waiting') return [];
  const grades = ['evidence', 'possible'] as const;
  const advice = grades.map((grade) =>
    stallCatalogue.flatMap((entry): readonly StallAdvice[] => {
      const because = entry[grade](facts);
      return because === undefined
        ? []
        : [{ code: entry.code, title: entry.title, grade, because, actions: entry.actions }];
    }),
  );
  const [proven = [], possible = []] = advice;
  if (proven.length > 0) return proven;
  return facts.verdict === 'done' ? [] : possible;
}
