import {
  type OpenPlace,
  type ProcessState,
  type StackFrame,
  type SystemCall,
  systemCallText,
} from '../journal/process-state.ts';
import type { Sanitizer } from '../storable/sanitizer.ts';
import { pendingCallOf, placeOf } from './open-place.ts';
import type { createFrameReader } from './source-frames.ts';
import type { Sample } from './stack-sampler.ts';
import type { Stall } from './stall-facts.ts';
import { readPulse, sharedMillis } from './watch-memory.ts';
import type { WatchdogData } from './watchdog.ts';

/** What a stall is read from. */
export interface StallSources {
  readonly data: Pick<WatchdogData, 'memory' | 'boards' | 'thresholdMillis'>;
  readonly sanitizer: Sanitizer;
  readonly toFrame: ReturnType<typeof createFrameReader>;
}

/** How a stall began. */
export interface StallBeginning {
  /** On the clock that all threads share. */
  readonly sinceMillis: number;
  readonly now: number;
  readonly isRecorded: boolean;
  /** Processor time when the event loop turned last, and when that was. */
  readonly usage: NodeJS.CpuUsage;
  readonly usageAt: number;
}

/** A stall that is open: what is known of it by now. */
export class OpenStall {
  readonly sinceMillis: number;
  /** Microseconds since the epoch. */
  readonly since: number;
  readonly isRecorded: boolean;
  isTold = false;
  /** When it was told of last, microseconds since the epoch. */
  toldAt = 0;
  /** Why there is no stack. */
  withoutStack: string | undefined;
  readonly #sources: StallSources;
  readonly #usage: NodeJS.CpuUsage;
  readonly #usageAt: number;
  #stack: readonly StackFrame[] | undefined;
  /** Where there is no stack: what it waits for. */
  #call: SystemCall | undefined;
  #place: OpenPlace | undefined;

  constructor(sources: StallSources, { sinceMillis, now, isRecorded, usage, usageAt }: StallBeginning) {
    this.#sources = sources;
    this.sinceMillis = sinceMillis;
    this.since = Math.round((Date.now() - (now - sinceMillis)) * 1000);
    this.isRecorded = isRecorded;
    this.#usage = usage;
    this.#usageAt = usageAt;
    this.#place = this.#placeOf('');
  }

  get hasStack(): boolean {
    return this.#stack !== undefined;
  }

  /** The main thread has been asked where it is; answers whether that is somewhere else than before. */
  learn({ frames, answer }: Sample): boolean {
    const before = this.#stack?.map(frameKey).join('\n');
    this.#stack = frames.map(this.#sources.toFrame);
    this.withoutStack = undefined;
    this.#call = undefined;
    this.#place = this.#placeOf(answer);
    return this.#stack.map(frameKey).join('\n') !== before;
  }

  /** The main thread does not answer: `call` is what can be seen from outside. */
  learnCall(call: SystemCall | undefined): void {
    const { sanitizer } = this.#sources;
    this.#call = call && { ...call, ...(call.target !== undefined && { target: sanitizer.text(call.target) }) };
    this.withoutStack = `no stack yet: ${this.#call === undefined ? 'it is in native code' : `it waits in ${systemCallText(this.#call)}`}`;
  }

  /** All of it, for others to hear. `unrecorded`: stalls before it that made no record. */
  facts(unrecorded: number): Stall {
    const { data, sanitizer } = this.#sources;
    const used = process.cpuUsage(this.#usage);
    const millis = sharedMillis() - this.#usageAt;
    const { heapUsedBytes, workerThreads } = readPulse(data.memory);
    return {
      since: this.since,
      thresholdMillis: data.thresholdMillis,
      stack: this.#stack,
      withoutStack: this.withoutStack,
      place: this.#place,
      pendingCall: pendingCallOf(data.boards.calls, sanitizer),
      cpuRatio: millis > 0 ? (used.user + used.system) / 1000 / millis : 0,
      rssBytes: process.memoryUsage.rss(),
      heapUsedBytes,
      workerThreads,
      unrecorded,
    };
  }

  /** Its part of the state of the process. */
  state(): ProcessState {
    return {
      blockedSince: this.since,
      ...(this.#stack !== undefined && { blockedStack: this.#stack }),
      ...(this.#call !== undefined && { blockedCall: this.#call }),
      ...(this.#place !== undefined && { blockedIn: this.#place }),
    };
  }

  #placeOf(spanId: string | undefined): OpenPlace | undefined {
    const { data, sanitizer } = this.#sources;
    return placeOf(data.boards.units, sanitizer, spanId, this.#place);
  }
}

function frameKey({ function: name, file, line }: StackFrame): string {
  return `${name} ${file}:${line}`;
}
