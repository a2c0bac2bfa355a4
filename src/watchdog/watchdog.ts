import { Worker } from 'node:worker_threads';
import { type Attributes, context, diag, trace } from '@opentelemetry/api';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import type { RedactionSettings } from '../configuration/redaction.ts';
import type { JournalOwner } from '../projection/record.ts';
import { keepThread } from '../register/kept-thread.ts';
import { ownOutput } from '../register/thread-output.ts';
import { attribute } from '../telemetry/conventions.ts';
import { currentScope } from '../telemetry/current-scope.ts';
import type { LogTarget } from './log-target.ts';
import { createBoardMemory } from './open-board.ts';
import { type MainPulse, startPulse } from './pulse.ts';
import type { SilentThread } from './thread-look.ts';
import { awaitAnswer, leaveState, tellBusy, tellEnd, type WatchMemory } from './watch-memory.ts';
import { type Boards, createWatchingSpanProcessor } from './watching-span-processor.ts';
import { disownWorker } from './worker-count.ts';

export interface WatchdogOptions {
  /** The spanledger directory. */
  readonly directory: string;
  readonly owner: JournalOwner;
  readonly thresholdMillis: number;
  readonly redaction: RedactionSettings;
  readonly memory: WatchMemory;
  /** Cap of what lies in the directory. */
  readonly journalMaxBytes: number;
  /** The counters of the journal. */
  readonly tally: SharedArrayBuffer;
  /** Whether the watchdog leaves the sign of life on the disk while the main thread cannot: where no courier does. */
  readonly heartbeats: boolean;
  /** Given where logs are sent over OTLP. */
  readonly logs: LogTarget | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The thread's script, default that of this package. */
  readonly script?: URL;
}

/** What the watchdog's thread is given at its start. */
export interface WatchdogData extends Omit<WatchdogOptions, 'environment' | 'script'> {
  readonly boards: Boards;
  readonly lookMillis: number;
  /** Why no stacks may be taken. */
  readonly withoutStack: string | undefined;
  readonly expression: string;
}

/** Main thread to watchdog. */
export type WatchdogRequest = 'finish' | SilentThread;

/** The thread that sees when the event loop does not turn, and where. */
export interface Watchdog {
  /** To be registered with the SDK: it shows the watchdog what is open. */
  readonly spanProcessor: SpanProcessor;
  readonly pulse: MainPulse;
  /** Called on the main thread where it is blocked, each time its stack is taken: it stands still meanwhile. Must not throw. */
  whenStalled(listener: () => void): void;
  /** Has it look where a worker thread stands whose event loop does not turn; its sign of life on the disk tells then. */
  look(thread: SilentThread): void;
  /** For the end of the process: what goes on is told before, within a bound; nothing is watched after it. */
  finish(): void;
}

const maxLookMillis = 250;
const minLookMillis = 25;
const maxFinishMillis = 200;
const unitSlots = 256;
const callSlots = 128;
const maxHeapMegabytes = 128;
const mostDeaths = 3;

const key = Symbol.for('spanledger.watchdog.v1');
const slot = globalThis as { [key]?: () => string };
/** What a sample asks of the main thread while that is paused. */
const expression = `globalThis[Symbol.for('spanledger.watchdog.v1')]()`;

/** Starts the watchdog. It keeps no process alive, opens no port, and where it fails the program goes on without. */
export function startWatchdog(options: WatchdogOptions): Watchdog {
  const { environment, script, memory, ...rest } = options;
  let onStalled: () => void = () => undefined;
  const lookMillis = Math.round(Math.min(maxLookMillis, Math.max(minLookMillis, options.thresholdMillis / 4)));
  const boards: Boards = { units: createBoardMemory(unitSlots), calls: createBoardMemory(callSlots) };
  slot[key] = () => {
    onStalled();
    return spanAtWork();
  };
  const withoutStack = reasonAgainstStacks();
  const data: WatchdogData = { ...rest, memory, boards, lookMillis, withoutStack, expression };
  const pulse = startPulse(memory, lookMillis);
  const thread = keepThread({
    start: () => startThread(data, { environment, script }),
    restartMillis: 2_000,
    mostDeaths,
    onDeath(error) {
      if (error !== undefined) diag.warn('The watchdog cannot be started.', error);
      // Nobody would say that it is over.
      leaveState(memory, {}, false);
      tellBusy(memory, false);
    },
    onGivenUp: () => diag.warn(`The watchdog has died ${mostDeaths} times and is not started again.`),
  });
  return {
    spanProcessor: createWatchingSpanProcessor(boards),
    pulse,
    whenStalled(listener) {
      onStalled = listener;
    },
    look: (silent) => thread.current?.postMessage(silent satisfies WatchdogRequest),
    finish() {
      if (!tellEnd(memory)) return;
      thread.current?.postMessage('finish' satisfies WatchdogRequest);
      awaitAnswer(memory, maxFinishMillis);
    },
  };
}

/** Connecting to the main thread aborts a process that is not permitted to be inspected. */
function reasonAgainstStacks(): string | undefined {
  if (!process.features.inspector) return 'no stack: this Node.js was built without an inspector';
  const permission = (process as { readonly permission?: { has(scope: string): boolean } }).permission;
  if (permission === undefined || permission.has('inspector')) return undefined;
  return 'no stack: the permission model does not allow the inspector';
}

/** Runs on the main thread while it is paused: the span id of the unit at work there, nothing else. */
function spanAtWork(): string {
  const active = trace.getActiveSpan() as { readonly attributes?: Attributes } | undefined;
  if (active?.attributes?.[attribute.unit] !== undefined) return trace.getActiveSpan()?.spanContext().spanId ?? '';
  const scope = currentScope(context.active());
  return (scope === undefined ? undefined : trace.getSpanContext(scope.context)?.spanId) ?? '';
}

type ThreadOptions = Pick<WatchdogOptions, 'environment'> & { readonly script: URL | undefined };

function startThread(workerData: WatchdogData, { environment, script }: ThreadOptions): Worker {
  const { NODE_OPTIONS: _, ...env } = environment;
  const thread = new Worker(script ?? new URL('./watchdog-thread.js', import.meta.url), {
    name: 'spanledger watchdog',
    workerData,
    // The flags of the host would load spanledger/register, or a debugger, into this thread as well.
    execArgv: [],
    ...ownOutput,
    env,
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMegabytes },
  });
  disownWorker(thread);
  thread.on('error', (error) => diag.warn('The watchdog failed.', error));
  thread.unref();
  return thread;
}
