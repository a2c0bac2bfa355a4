import type { ProcessState } from '../journal/process-state.ts';

/** Numbers that the main thread leaves, by position. */
const pulseSlots = { tickAt: 0, heapUsed: 1, delayP99: 2, workers: 3, debugged: 4, startAt: 5 } as const;
/** Numbers that the watchdog leaves. */
const findingSlots = { stalls: 0, stalledMillis: 1, pauses: 2, lookAt: 3 } as const;
/** Flags of both, for `Atomics`. */
const flagSlots = { ended: 0, busy: 1, answered: 2, stateLength: 3, stateVersion: 4, alarms: 5 } as const;
const maxStateBytes = 32 * 1024;

/** What the main thread, the watchdog and the courier tell each other while one of them may be blocked. */
export interface WatchMemory {
  readonly pulse: Float64Array;
  readonly findings: Float64Array;
  readonly flags: Int32Array;
  /** The state of the process as JSON, written by the watchdog. */
  readonly state: Uint8Array;
}

export function createWatchMemory(): WatchMemory {
  const numbers = (slots: object) =>
    new Float64Array(new SharedArrayBuffer(Object.keys(slots).length * Float64Array.BYTES_PER_ELEMENT));
  const memory = {
    pulse: numbers(pulseSlots),
    findings: numbers(findingSlots),
    flags: new Int32Array(new SharedArrayBuffer(Object.keys(flagSlots).length * Int32Array.BYTES_PER_ELEMENT)),
    state: new Uint8Array(new SharedArrayBuffer(maxStateBytes)),
  };
  memory.pulse[pulseSlots.delayP99] = Number.NaN;
  return memory;
}

/** What the main thread says of itself each time its event loop turns. */
export interface Pulse {
  /** On the clock that all threads share: see `sharedMillis`. */
  readonly tickAt: number;
  readonly heapUsedBytes: number;
  /** `undefined` until the first window is over. */
  readonly delayP99Millis: number | undefined;
  readonly workerThreads: number;
  /** A debugger listens or is attached: whatever blocks may be a breakpoint. */
  readonly debugged: boolean;
}

/** Milliseconds on a clock that never goes back and is the same in every thread, which `performance.now` is not. */
export function sharedMillis(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The first tick is that of the start. */
export function leaveStart(memory: WatchMemory, at: number): void {
  memory.pulse[pulseSlots.startAt] = at;
  leaveTick(memory, at);
}

/** Milliseconds from the start to the last turn of the event loop. */
export function turnedFor({ pulse }: WatchMemory): number {
  return (pulse[pulseSlots.tickAt] ?? 0) - (pulse[pulseSlots.startAt] ?? 0);
}

export function leaveTick({ pulse }: WatchMemory, at: number): void {
  pulse[pulseSlots.tickAt] = at;
}

export function leaveFigures({ pulse }: WatchMemory, figures: Omit<Pulse, 'tickAt' | 'debugged'>): void {
  pulse[pulseSlots.heapUsed] = figures.heapUsedBytes;
  pulse[pulseSlots.delayP99] = figures.delayP99Millis ?? Number.NaN;
  pulse[pulseSlots.workers] = figures.workerThreads;
}

export function leaveDebugged({ pulse }: WatchMemory, debugged: boolean): void {
  pulse[pulseSlots.debugged] = debugged ? 1 : 0;
}

export function readTick({ pulse }: WatchMemory): number {
  return pulse[pulseSlots.tickAt] ?? 0;
}

export function readPulse({ pulse }: WatchMemory): Pulse {
  const delay = pulse[pulseSlots.delayP99] ?? Number.NaN;
  return {
    tickAt: pulse[pulseSlots.tickAt] ?? 0,
    heapUsedBytes: pulse[pulseSlots.heapUsed] ?? 0,
    delayP99Millis: Number.isNaN(delay) ? undefined : delay,
    workerThreads: pulse[pulseSlots.workers] ?? 0,
    debugged: pulse[pulseSlots.debugged] === 1,
  };
}

/** What the watchdog has counted. */
export interface StallCounts {
  readonly stalls: number;
  readonly stalledMillis: number;
  /** Times that the whole process did not run. */
  readonly pauses: number;
}

export function countStall({ findings }: WatchMemory): void {
  findings[findingSlots.stalls] = (findings[findingSlots.stalls] ?? 0) + 1;
}

export function countStalledMillis({ findings }: WatchMemory, millis: number): void {
  findings[findingSlots.stalledMillis] = (findings[findingSlots.stalledMillis] ?? 0) + millis;
}

export function countPause({ findings }: WatchMemory): void {
  findings[findingSlots.pauses] = (findings[findingSlots.pauses] ?? 0) + 1;
}

export function readStallCounts({ findings }: WatchMemory): StallCounts {
  return {
    stalls: findings[findingSlots.stalls] ?? 0,
    stalledMillis: findings[findingSlots.stalledMillis] ?? 0,
    pauses: findings[findingSlots.pauses] ?? 0,
  };
}

/** The watchdog has looked. */
export function leaveLook({ findings }: WatchMemory, at: number): void {
  findings[findingSlots.lookAt] = at;
}

/** Longest time without a look of a watchdog that runs. */
const freshLookMillis = 1_000;

/**
 * The main thread says that it ends; whether the watchdog has something to finish before: a stall, or a pause that it did not get to see
 * since the process went on.
 */
export function tellEnd({ flags, findings }: WatchMemory): boolean {
  Atomics.store(flags, flagSlots.ended, 1);
  const lookAt = findings[findingSlots.lookAt] ?? 0;
  const isOverdue = lookAt > 0 && sharedMillis() - lookAt > freshLookMillis;
  return isOverdue || Atomics.load(flags, flagSlots.busy) === 1;
}

export function isEnded({ flags }: WatchMemory): boolean {
  return Atomics.load(flags, flagSlots.ended) === 1;
}

/** The watchdog has a stall open or a capture under way. */
export function tellBusy({ flags }: WatchMemory, busy: boolean): void {
  Atomics.store(flags, flagSlots.busy, busy ? 1 : 0);
}

/** Blocks the main thread until the watchdog has finished, at most that long. */
export function awaitAnswer({ flags }: WatchMemory, timeoutMillis: number): void {
  Atomics.wait(flags, flagSlots.answered, 0, timeoutMillis);
}

export function answer({ flags }: WatchMemory): void {
  Atomics.store(flags, flagSlots.answered, 1);
  Atomics.notify(flags, flagSlots.answered);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Leaves the state for others to tell. An odd version says that it is being written. With `isAlarm`, whoever tells it is to do so at
 * once. A state that is too large loses the outer half of its stack.
 */
export function leaveState(memory: WatchMemory, state: ProcessState, isAlarm: boolean): void {
  const { flags, state: bytes } = memory;
  const encoded = encoder.encode(JSON.stringify(state));
  const { blockedStack = [] } = state;
  if (encoded.length > bytes.length) {
    const half = blockedStack.slice(0, Math.floor(blockedStack.length / 2));
    if (blockedStack.length > 0) leaveState(memory, { ...state, blockedStack: half }, isAlarm);
    return;
  }
  // Odd also where a watchdog died while it wrote.
  Atomics.or(flags, flagSlots.stateVersion, 1);
  bytes.set(encoded);
  Atomics.store(flags, flagSlots.stateLength, encoded.length);
  Atomics.add(flags, flagSlots.stateVersion, 1);
  if (isAlarm) Atomics.add(flags, flagSlots.alarms, 1);
}

const maxReadings = 100;

/** The state that was left last; `undefined` before the first one. */
export function readState({ flags, state }: WatchMemory): ProcessState | undefined {
  for (let tries = 0; tries < maxReadings; tries += 1) {
    const version = Atomics.load(flags, flagSlots.stateVersion);
    const copy = state.slice(0, Atomics.load(flags, flagSlots.stateLength));
    if (version % 2 !== 0 || version !== Atomics.load(flags, flagSlots.stateVersion)) continue;
    return copy.length === 0 ? undefined : (JSON.parse(decoder.decode(copy)) as ProcessState);
  }
  return undefined;
}

/** Changes when there is a state that is to be told at once. */
export function alarmsOf({ flags }: WatchMemory): number {
  return Atomics.load(flags, flagSlots.alarms);
}
