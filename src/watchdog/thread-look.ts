import { diag } from '@opentelemetry/api';
import { readHeartbeat, writeHeartbeat } from '../journal/heartbeat.ts';
import { type ProcessState, parseProcessState } from '../journal/process-state.ts';
import type { Sanitizer } from '../storable/sanitizer.ts';
import { createFrameReader } from './source-frames.ts';
import type { Sample, StackSampler } from './stack-sampler.ts';

/** A worker thread whose event loop does not turn. */
export interface SilentThread {
  readonly threadId: number;
  /** The directory of its journal. */
  readonly path: string;
  /** Its last sign of life of its own, microseconds since the epoch. */
  readonly since: number;
}

export interface ThreadLookParts {
  /** One of its own: the main thread may be blocked at the same time. */
  readonly sampler: StackSampler;
  readonly sanitizer: Sanitizer;
  readonly now?: () => number;
}

const maxSampleMillis = 3_000;
const againMillis = 60_000;
const mostRemembered = 1_000;

/**
 * Looks where a worker thread stands, and leaves that with its sign of life, from where it gets to `instances`. That it computes for a while is
 * no fault, so it makes no record of the audit log. The stack is taken again once a minute.
 */
export function createThreadLook({
  sampler,
  sanitizer,
  now = Date.now,
}: ThreadLookParts): (thread: SilentThread) => Promise<void> {
  const toFrame = createFrameReader(sanitizer);
  const lookedAt = new Map<string, number>();
  return async (thread) => {
    const { threadId, path, since } = thread;
    const key = `${path} ${since}`;
    if (sampler.isBusy || now() - (lookedAt.get(key) ?? 0) < againMillis) return;
    if (lookedAt.size >= mostRemembered) lookedAt.clear();
    lookedAt.set(key, now());
    const isBlocked = () => isSilent(thread);
    const late = setTimeout(() => sampler.release(), maxSampleMillis);
    const sample = await sampler.take({ threadId, expression: "''", isBlocked, onDebugger: () => undefined });
    clearTimeout(late);
    leave(thread, { blockedSince: since, ...stackOf(sample, toFrame) });
  };
}

function stackOf(sample: Sample | undefined, toFrame: ReturnType<typeof createFrameReader>): ProcessState {
  return sample === undefined ? {} : { blockedStack: sample.frames.map(toFrame) };
}

/** A thread that tells of itself again has a sign of life without that. */
function isSilent({ path, since }: SilentThread): boolean {
  return readHeartbeat(path)?.figures?.silentSince === since;
}

function leave(thread: SilentThread, state: ProcessState): void {
  const last = readHeartbeat(thread.path);
  if (last === undefined || !isSilent(thread)) return;
  const figures = { ...last.figures, state: { ...parseProcessState(last.figures), ...state } };
  try {
    writeHeartbeat(thread.path, { at: last.at, figures });
  } catch (error) {
    diag.debug('Where a worker thread stands could not be noted.', error);
  }
}
