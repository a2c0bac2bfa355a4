import { SpanledgerError } from '../domain/errors.ts';
import { type Duration, durationMillis } from '../domain/expectation.ts';
import { sanitizer } from '../storable/sanitizer.ts';
import { attribute, event } from './conventions.ts';
import { isStopNoticeGiven, onStopNotice } from './stop-notice.ts';
import { StopSignal } from './stop-signal.ts';
import { storedText } from './stored-text.ts';
import type { Unit } from './unit.ts';
import type { UnitEvent } from './unit-event.ts';

/** What a wait is for, and what cuts it short besides the signal of the session around it. */
export interface WaitOptions {
  /** Shown while it waits, such as `next cycle` or `rate limit of the shop`. */
  readonly reason?: string;
  readonly signal?: AbortSignal;
}

/** How a wait ended: its time was over; or a signal aborted, or the process was told to stop. */
export type WaitOutcome = 'elapsed' | 'stopped';

/** A wait that is open, as its unit tells it. */
interface OpenWait {
  /** Microseconds since the epoch. */
  readonly begunAt: number;
  readonly until: number;
  readonly reason: string | undefined;
}

/** Waits of units, by unit: few units wait, so none carries a place for it. */
const openWaits = new WeakMap<Unit, Set<OpenWait>>();

/** The clock is looked at this often: a machine may sleep, the unit may end around the wait, and timers end at 24 days. */
const longestTimerMillis = 1_000;
/** How long a wait still takes that begins after the process was told to stop: a loop that retries does not spin then. */
const afterNoticeMillis = 1_000;
const maxReasonLength = 200;

/**
 * Waits, and says so on the open unit, which counts as waiting and not as stuck until its time is over.
 *
 * @throws SpanledgerError `SPANLEDGER_INVALID_DURATION`
 */
export async function waitInside(
  unit: Unit,
  time: Duration | Date,
  options: WaitOptions,
  around: AbortSignal | undefined,
): Promise<WaitOutcome> {
  const { clock } = unit.runtime;
  const now = clock.now();
  const wait: OpenWait = {
    begunAt: now,
    until: untilMicros(time, now),
    reason: options.reason === undefined ? undefined : storedText(options.reason, maxReasonLength),
  };
  const stop = new StopSignal([around, options.signal]);
  try {
    if (stop.isStopped) return 'stopped';
    if (wait.until <= now) return 'elapsed';
    // A duration is over when so much time has passed, also where the clock was set back meanwhile.
    const millis = time instanceof Date ? Number.POSITIVE_INFINITY : (wait.until - now) / 1_000;
    return await telling(unit, wait, () => pass(unit, { until: wait.until, millis, stop }));
  } finally {
    stop.close();
  }
}

function untilMicros(time: Duration | Date, now: number): number {
  const micros =
    time instanceof Date ? time.getTime() * 1_000 : Math.round(now + (durationMillis(time) ?? Number.NaN) * 1_000);
  if (Number.isSafeInteger(micros)) return micros;
  throw new SpanledgerError('INVALID_DURATION', { details: { duration: timeText(time) } });
}

function timeText(time: unknown): string {
  return typeof time === 'object' && !(time instanceof Date) ? sanitizer().json(time) : String(time);
}

/** Records that the unit waits, and that it does no longer. */
async function telling(unit: Unit, wait: OpenWait, pause: () => Promise<WaitOutcome>): Promise<WaitOutcome> {
  const waits = openWaits.get(unit) ?? new Set();
  openWaits.set(unit, waits.add(wait));
  unit.emit(beginEvent(wait, longest(waits) ?? wait));
  let outcome: WaitOutcome = 'stopped';
  try {
    outcome = await pause();
    return outcome;
  } finally {
    waits.delete(wait);
    const now = unit.runtime.clock.now();
    if (!unit.ended) unit.emit(endEvent(wait, outcome, now, longest(waits)));
  }
}

/** Of several waits of one unit at a time, the one that ends last is the unit's. */
function longest(waits: ReadonlySet<OpenWait>): OpenWait | undefined {
  let last: OpenWait | undefined;
  for (const wait of waits) if (last === undefined || wait.until > last.until) last = wait;
  return last;
}

interface Bounds {
  /** Microseconds since the epoch. */
  readonly until: number;
  /** Longest time that it may take. */
  readonly millis: number;
  readonly stop: StopSignal;
}

function pass(unit: Unit, { until, millis, stop }: Bounds): Promise<WaitOutcome> {
  const { clock } = unit.runtime;
  const begunAt = performance.now();
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const deadline = isStopNoticeGiven() ? Math.min(until, clock.now() + afterNoticeMillis * 1_000) : until;
    const end = (outcome: WaitOutcome) => {
      clearTimeout(timer);
      release();
      resolve(outcome);
    };
    const release = onStopNotice(() => end('stopped'));
    stop.onStop(() => end('stopped'));
    const look = () => {
      const leftMillis = Math.min((deadline - clock.now()) / 1_000, millis - (performance.now() - begunAt));
      if (unit.ended) end('stopped');
      else if (leftMillis <= 0) end(deadline < until ? 'stopped' : 'elapsed');
      else timer = setTimeout(look, Math.min(longestTimerMillis, Math.ceil(leftMillis)));
    };
    look();
  });
}

function beginEvent(wait: OpenWait, shown: OpenWait): UnitEvent {
  const why = wait.reason === undefined ? '' : `: ${wait.reason}`;
  return {
    name: event.waitBegin,
    level: 'info',
    category: 'performance',
    message: `waits until ${new Date(wait.until / 1_000).toISOString()}${why}`,
    at: wait.begunAt,
    attributes: waitAttributes(shown),
  };
}

function endEvent(wait: OpenWait, outcome: WaitOutcome, at: number, next: OpenWait | undefined): UnitEvent {
  const why = wait.reason === undefined ? '' : `: ${wait.reason}`;
  const how = outcome === 'elapsed' ? 'its wait is over' : 'its wait was cut short';
  return {
    name: event.waitEnd,
    level: 'info',
    category: 'performance',
    message: `${how}${why}`,
    at,
    attributes: waitAttributes(next ?? { until: at, reason: undefined }),
  };
}

function waitAttributes({ until, reason }: Pick<OpenWait, 'until' | 'reason'>): NonNullable<UnitEvent['attributes']> {
  return { [attribute.waitingUntil]: until, ...(reason !== undefined && { [attribute.waitReason]: reason }) };
}
