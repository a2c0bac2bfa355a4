import { Worker } from 'node:worker_threads';
import { diag } from '@opentelemetry/api';
import type { Environment } from '../configuration/environment.ts';
import type { LoopFacts } from '../domain/health.ts';
import type { JournalOwner } from '../projection/record.ts';
import { loopFacts, onLoopChange } from '../telemetry/loops.ts';
import type { ShippingMemory } from './shipping-memory.ts';

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
  readonly supervisor?: SupervisorPlace;
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

/**
 * Starts the thread that answers while the main thread cannot: health questions, the supervisor, systemd. It never keeps the process
 * alive. Nothing is started where nobody asks.
 */
export function startGuard(data: GuardData, { NODE_OPTIONS: _, ...environment }: Environment): void {
  if (data.listen === undefined && data.supervisor === undefined && data.systemd === undefined) return;
  const thread = new Worker(new URL('./guard-thread.js', import.meta.url), {
    name: 'spanledger guard',
    workerData: data,
    // The flags of the host would load spanledger/register, or a debugger, into this thread as well.
    execArgv: [],
    env: environment as NodeJS.ProcessEnv,
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  });
  thread.on('error', (error) => diag.error('Health is no longer answered, and the supervisor no longer told.', error));
  thread.unref();
  const tell = () => thread.postMessage({ loops: loopFacts() } satisfies GuardMessage);
  onLoopChange(tell);
  tell();
}
