import { Worker } from 'node:worker_threads';
import { diag } from '@opentelemetry/api';
import type { Environment } from '../configuration/environment.ts';
import type { LoopFacts } from '../domain/health.ts';
import type { JournalOwner } from '../projection/record.ts';
import { loopFacts, onLoopChange } from '../telemetry/loops.ts';
import { disownWorker } from '../watchdog/worker-count.ts';
import { keepThread } from './kept-thread.ts';
import type { ShippingMemory } from './shipping-memory.ts';
import { ownOutput } from './thread-output.ts';

/** What the guard's thread is given. */
export interface GuardData {
  readonly owner: JournalOwner;
  readonly directory: string;
  readonly memory: ShippingMemory;
  readonly ships: boolean;
  readonly blockedMillis: number;
  /** Address of the health listener, where one is wanted. */
  readonly listen?: { readonly host: string; readonly port: number };
  /** The supervisor, where `spanledger run` has started this program. */
  readonly supervisor?: SupervisorPlace | undefined;
  /** Where systemd listens, where it is to be told. */
  readonly systemd?: { readonly socket: string; readonly watchdogMillis?: number };
}

/** How a program reaches its supervisor. */
export interface SupervisorPlace {
  readonly pid: number;
  /** File descriptor that is connected to it. */
  readonly descriptor: number;
  /** This program leads a process group of its own. */
  readonly leadsGroup: boolean;
  /** So long it has to end by itself when its supervisor is gone. */
  readonly graceMillis: number;
}

/** Main thread to guard. */
export interface GuardMessage {
  readonly loops: readonly LoopFacts[];
}

export interface GuardOptions {
  /** The thread's script, default that of this package. */
  readonly script?: URL;
  /** Wait before the first restart, doubled with each further one; default 1000. */
  readonly restartMillis?: number;
}

const mostDeaths = 3;

/**
 * Starts the thread that answers while the main thread cannot: health questions, the supervisor, systemd. It never keeps the process
 * alive. Nothing is started where nobody asks. When it dies it is started again, a few times.
 */
export function startGuard(data: GuardData, environment: Environment, options: GuardOptions = {}): void {
  if (!isAsked(data)) return;
  const { script, restartMillis = 1_000 } = options;
  let load = data;
  const guard = keepThread({
    start: () => startThread(load, environment, script),
    restartMillis,
    mostDeaths,
    onDeath(error) {
      if (error !== undefined) diag.error('No thread can be started that answers health questions.', error);
      // The line to the supervisor was closed with the thread.
      load = { ...data, supervisor: undefined };
    },
    onGivenUp: () => diag.error(`The guard has died ${mostDeaths} times and is not started again.`),
  });
  const tell = () => guard.current?.postMessage({ loops: loopFacts() } satisfies GuardMessage);
  onLoopChange(tell);
  tell();
}

function isAsked({ listen, supervisor, systemd }: GuardData): boolean {
  return listen !== undefined || supervisor !== undefined || systemd !== undefined;
}

function startThread(workerData: GuardData, { NODE_OPTIONS: _, ...env }: Environment, script: URL | undefined): Worker {
  const thread = new Worker(script ?? new URL('./guard-thread.js', import.meta.url), {
    name: 'spanledger guard',
    workerData,
    // The flags of the host would load spanledger/register, or a debugger, into this thread as well.
    execArgv: [],
    ...ownOutput,
    env: env as NodeJS.ProcessEnv,
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  });
  disownWorker(thread);
  thread.on('error', (error) => diag.error('The guard failed: nobody answers health questions for a moment.', error));
  thread.unref();
  return thread;
}
