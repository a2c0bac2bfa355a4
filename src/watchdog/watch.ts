import { uptime } from 'node:os';
import type { ProcessState } from '../journal/process-state.ts';
import type { Sanitizer } from '../storable/sanitizer.ts';
import { oldestStart } from './open-board.ts';
import { pendingCallOf } from './open-place.ts';
import { OpenStall } from './open-stall.ts';
import { createFrameReader } from './source-frames.ts';
import type { Sample, StackSampler } from './stack-sampler.ts';
import { type Finding, StallDetector, startFactor } from './stall-detector.ts';
import type { StallNews } from './stall-facts.ts';
import { StallLimiter } from './stall-limiter.ts';
import { readSystemCall } from './system-call.ts';
import {
  countPause,
  countStall,
  countStalledMillis,
  isEnded,
  leaveLook,
  leaveState,
  readPulse,
  readTick,
  sharedMillis,
  tellBusy,
  turnedFor,
} from './watch-memory.ts';
import type { WatchdogData } from './watchdog.ts';

export interface WatchParts {
  readonly data: Pick<
    WatchdogData,
    'memory' | 'boards' | 'lookMillis' | 'thresholdMillis' | 'withoutStack' | 'expression'
  >;
  readonly sanitizer: Sanitizer;
  readonly sampler: StackSampler;
  /** Hears what there is to tell. */
  readonly tell: (news: StallNews) => void;
  /** Called whenever a stall began, changed or ended, after the state was left. */
  readonly onAlarm: () => void;
}

const stateMillis = 1_000;
/** A sample that does not come within this waits for native code. */
const sampleMillis = 500;
/** While somebody debugs. */
const quietMillis = 5_000;
const mostPerMinute = 20;
const tooMany = 'no stack: there were too many stalls within a minute';

/** Looks at the main thread from another one, and tells what it finds. Nothing in here throws. */
export class Watch {
  readonly #parts: WatchParts;
  readonly #detector: StallDetector;
  readonly #toFrame: ReturnType<typeof createFrameReader>;
  readonly #limiter = new StallLimiter(mostPerMinute);
  #stall: OpenStall | undefined;
  #unrecorded = 0;
  #quietUntil = 0;
  #stateAt = 0;
  #seenTick = 0;
  #hasStarted = false;
  #probing = Promise.resolve();
  #usage = process.cpuUsage();
  #usageAt = sharedMillis();

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#detector = new StallDetector(parts.data);
    this.#toFrame = createFrameReader(parts.sanitizer);
  }

  look(): void {
    const { memory } = this.#parts.data;
    if (isEnded(memory)) return;
    const now = sharedMillis();
    leaveLook(memory, now);
    const { tickAt, debugged } = readPulse(memory);
    if (debugged) this.#quietUntil = now + quietMillis;
    if (now < this.#quietUntil) this.#beQuiet(now);
    else this.#watch(now, tickAt);
    if (now - this.#stateAt >= stateMillis) this.#leaveState(false);
  }

  /** The process ends: what is open is told, the main thread let go. */
  finish(): void {
    const now = sharedMillis();
    if (now >= this.#quietUntil) this.#watch(now, readPulse(this.#parts.data.memory).tickAt);
    const finding = this.#detector.finish(now);
    if (finding !== undefined) this.#heed(finding, now);
    this.#parts.sampler.release();
  }

  #watch(now: number, tickAt: number): void {
    if (tickAt !== this.#seenTick) {
      this.#seenTick = tickAt;
      this.#usage = process.cpuUsage();
      this.#usageAt = now;
    }
    const look = { now, uptime: uptime() * 1000, tickAt, isStarting: this.#isStarting() };
    for (const finding of this.#detector.look(look)) this.#heed(finding, now);
  }

  /**
   * Until a unit of work is open, a stack shows that no modules are being loaded, or the event loop has turned for a while: it does so too while the
   * modules of a program are being read.
   */
  #isStarting(): boolean {
    const { memory, boards, thresholdMillis, withoutStack } = this.#parts.data;
    const startMillis = withoutStack === undefined ? startFactor * thresholdMillis : 0;
    this.#hasStarted ||= turnedFor(memory) > startMillis || oldestStart(boards.units) !== undefined;
    return !this.#hasStarted;
  }

  /** A main module that awaits has begun its work before the event loop turns. */
  async #probe(sinceMillis: number): Promise<void> {
    if (this.#parts.data.withoutStack !== undefined) return;
    const sample = await this.#take(sinceMillis, "''");
    if (sample !== undefined && !sample.isLoading) this.#hasStarted = true;
  }

  #beQuiet(now: number): void {
    this.#detector.forget(now);
    if (this.#stall === undefined) return;
    this.#stall = undefined;
    this.#alarm();
  }

  #heed(finding: Finding, now: number): void {
    const { memory } = this.#parts.data;
    switch (finding.type) {
      case 'probe':
        this.#probing = this.#probe(finding.since);
        break;
      case 'begin':
        countStall(memory);
        this.#begin(finding.since, now);
        break;
      case 'sample':
        void this.#sample();
        break;
      case 'end':
        countStalledMillis(memory, finding.durationMillis);
        this.#end(finding.durationMillis);
        break;
      case 'pause': {
        countPause(memory);
        const at = Date.now() * 1000;
        const since = at - (now - finding.since) * 1000;
        this.#parts.tell({ type: 'pause', at, since: Math.round(since), durationMillis: finding.durationMillis });
        break;
      }
      default:
        finding satisfies never;
    }
  }

  #begin(sinceMillis: number, now: number): void {
    const { data, sanitizer } = this.#parts;
    const isRecorded = this.#limiter.take(now);
    const beginning = { sinceMillis, now, isRecorded, usage: this.#usage, usageAt: this.#usageAt };
    this.#stall = new OpenStall({ data, sanitizer, toFrame: this.#toFrame }, beginning);
    tellBusy(data.memory, true);
    if (!isRecorded) {
      this.#unrecorded += 1;
      return;
    }
    this.#alarm();
    void this.#sample();
  }

  /** Takes a stack and tells it, if it is another one. Where none comes soon, the stall is told without. */
  async #sample(): Promise<void> {
    const stall = this.#stall;
    if (stall === undefined) return;
    stall.withoutStack = this.#reasonAgainst(stall);
    if (stall.withoutStack !== undefined) return this.#tellBegin(stall);
    const overdue = setTimeout(() => this.#learnCall(stall), sampleMillis);
    await this.#probing;
    if (this.#parts.sampler.isBusy) {
      // The one before still waits for an answer.
      clearTimeout(overdue);
      this.#learnCall(stall);
      return;
    }
    const sample = await this.#take(stall.sinceMillis, this.#parts.data.expression);
    clearTimeout(overdue);
    if (sample !== undefined) this.#learn(stall, sample);
    if (this.#stall === stall) this.#tellBegin(stall);
    else tellBusy(this.#parts.data.memory, this.#stall !== undefined);
  }

  #reasonAgainst({ isRecorded }: OpenStall): string | undefined {
    return this.#parts.data.withoutStack ?? (isRecorded ? undefined : tooMany);
  }

  #take(sinceMillis: number, expression: string): Promise<Sample | undefined> {
    const { sampler, data } = this.#parts;
    const tickAt = readTick(data.memory);
    return sampler.take({
      expression,
      isBlocked: () => readTick(data.memory) === tickAt && tickAt <= sinceMillis,
      onDebugger: () => {
        this.#quietUntil = sharedMillis() + quietMillis;
      },
    });
  }

  /** The main thread does not answer. */
  #learnCall(stall: OpenStall): void {
    if (this.#stall !== stall || stall.hasStack) return;
    stall.learnCall(readSystemCall());
    if (stall.isTold) this.#alarm();
    this.#tellBegin(stall);
  }

  #learn(stall: OpenStall, sample: Sample): void {
    const isElsewhere = stall.learn(sample);
    if (this.#stall !== stall) return;
    if (stall.isTold && isElsewhere) this.#news(stall, 'sample');
    this.#alarm();
  }

  #tellBegin(stall: OpenStall): void {
    if (stall.isTold || !stall.isRecorded || this.#stall !== stall) return;
    stall.isTold = true;
    this.#news(stall, 'begin');
    this.#unrecorded = 0;
    this.#alarm();
  }

  #end(durationMillis: number): void {
    const stall = this.#stall;
    if (stall === undefined) return;
    this.#tellBegin(stall);
    const at = Math.max(stall.toldAt, stall.since + Math.round(durationMillis * 1000));
    const news = { at, stall: stall.facts(this.#unrecorded), durationMillis };
    this.#stall = undefined;
    tellBusy(this.#parts.data.memory, this.#parts.sampler.isBusy);
    if (!stall.isRecorded) return;
    this.#parts.tell({ type: 'end', ...news });
    this.#alarm();
  }

  #news(stall: OpenStall, type: 'begin' | 'sample'): void {
    stall.toldAt = Date.now() * 1000;
    this.#parts.tell({ type, at: stall.toldAt, stall: stall.facts(this.#unrecorded) });
  }

  #alarm(): void {
    this.#leaveState(true);
    this.#parts.onAlarm();
  }

  #leaveState(isAlarm: boolean): void {
    const { memory } = this.#parts.data;
    this.#stateAt = sharedMillis();
    leaveState(memory, this.state(), isAlarm);
  }

  /** What the process does now. */
  state(): ProcessState {
    const { data, sanitizer } = this.#parts;
    const { delayP99Millis, heapUsedBytes, workerThreads } = readPulse(data.memory);
    const pendingCall = pendingCallOf(data.boards.calls, sanitizer);
    return {
      ...this.#stall?.state(),
      ...(pendingCall !== undefined && { pendingCall }),
      ...(delayP99Millis !== undefined && { eventLoopDelayP99Millis: delayP99Millis }),
      heapUsedBytes,
      workerThreads,
    };
  }
}
