import { constants } from 'node:os';
import { diag } from '@opentelemetry/api';
import { giveStopNotice, giveStopNoticeAfterHost, passStopNoticeOn } from '../telemetry/stop-notice.ts';
import type { ProcessEnd } from './courier.ts';
import { finishStandardError } from './standard-error.ts';

/** The slice of `process` that the end of a program needs; `listenerCount` tells whether the host has a say. */
export interface EndingProcess {
  readonly pid: number;
  on(event: 'exit', listener: (code: number) => void): unknown;
  prependListener(event: NodeJS.Signals, listener: () => void): unknown;
  once(event: 'beforeExit', listener: () => void): unknown;
  removeListener(event: NodeJS.Signals, listener: () => void): unknown;
  listenerCount(event: string): number;
  kill(pid: number, signal?: NodeJS.Signals | number): unknown;
}

/** What is left to do when the program ends. */
export interface Ending {
  /** Sends what is held in memory. Called while the event loop still runs. */
  flush(): Promise<unknown>;
  /** Waits, blocking, for what was handed over to arrive, at most that long. Called last. */
  finish(timeoutMillis: number, end: ProcessEnd): void;
  /** Longest time that both take together. */
  readonly timeoutMillis: number;
}

const signals = ['SIGTERM', 'SIGINT'] as const;

/**
 * Lets a program end as it would without us, only with its telemetry delivered:
 *
 * - at its natural end the flush holds the event loop open for a bounded time, once;
 * - `process.exit`, an uncaught exception and an unhandled rejection reach the `exit` event, where only blocking work counts;
 * - on SIGTERM and SIGINT we flush; if nobody else listens, the signal is raised again and ends the process as if we had not been
 *   there, with the same status. A second signal does not wait. If somebody does, ending is his affair: we are gone before his listener is
 *   called, since some look whether they are the only ones (`signal-exit`), and finish when he exits or raises the signal himself;
 * - a listener is of no use while the event loop does not turn: it would keep the signal from ending the process. See `standBack`.
 */
export function onEnding(ending: Ending, host: EndingProcess = process): SignalWatch {
  const budget = createBudget(ending.timeoutMillis);
  const flush = () => within(budget.left(), ending);
  const finish = (end: ProcessEnd) => eachInTurn(() => ending.finish(budget.left(), end), finishStandardError);
  const flushBeside = () => within(ending.timeoutMillis, ending);
  host.once('beforeExit', () => void flush());
  host.on('exit', (code) => finish({ code }));
  passStopNoticeOn();
  const watches = signals.map((signal) => listen(signal, { flush, finish, flushBeside }, host));
  return {
    standBack() {
      for (const { standBack } of watches) standBack();
    },
  };
}

/** Our ear for the signals that end a program. */
export interface SignalWatch {
  /**
   * Called on the main thread where it is blocked, by whoever has made it stand still for a moment: signals nobody else listens to
   * have their own effect until the event loop turns again.
   */
  standBack(): void;
}

interface Steps {
  flush(): Promise<void>;
  finish(end: ProcessEnd): void;
  /** While the host ends itself, in its own time. */
  flushBeside(): Promise<void>;
}

function listen(signal: NodeJS.Signals, { flush, finish, flushBeside }: Steps, host: EndingProcess): SignalWatch {
  let isEnding = false;
  const raise = () => {
    host.removeListener(signal, onSignal);
    host.kill(host.pid, signal);
  };
  const end = async () => {
    await flush();
    finish({ signal });
    raise();
  };
  const endOurselves = () => {
    giveStopNotice();
    if (isEnding) raise();
    else void end();
  };
  const leaveToHost = () => {
    giveStopNoticeAfterHost();
    host.removeListener(signal, onSignal);
    beforeRaising(signal, () => finish({ signal }), host);
    void flushBeside();
  };
  const onSignal = () => {
    if (host.listenerCount(signal) > 1) leaveToHost();
    else endOurselves();
    isEnding = true;
  };
  // First of all: a listener that the host has for once is none any more when it is called.
  host.prependListener(signal, onSignal);
  let isAside = false;
  return {
    standBack() {
      if (isAside || isEnding || host.listenerCount(signal) > 1) return;
      isAside = true;
      host.removeListener(signal, onSignal);
      setImmediate(() => {
        isAside = false;
        host.prependListener(signal, onSignal);
      });
    },
  };
}

/**
 * A program that has done what it does on a signal may take its listener away and raise the signal again, as NestJS and Apollo Server do by
 * themselves. Nothing follows that, not even `exit`.
 */
function beforeRaising(signal: NodeJS.Signals, finish: () => void, host: EndingProcess): void {
  const { kill } = host;
  const seen: EndingProcess['kill'] = (pid, raised = 'SIGTERM') => {
    const isIt = pid === host.pid && (raised === signal || raised === constants.signals[signal]);
    if (isIt && host.listenerCount(signal) === 0) finish();
    return kill.call(host, pid, raised);
  };
  host.kill = Object.defineProperty(seen, 'name', { value: kill.name });
}

/** Takes steps one after the other. One that throws, which is a fault of ours, keeps neither the others from being taken nor changes how the program ends. */
export function eachInTurn(...steps: readonly (() => unknown)[]): void {
  for (const step of steps) {
    try {
      step();
    } catch (error) {
      diag.error('spanledger: a step at the end of the program failed', error);
    }
  }
}

/** Time that the steps of one ending share. A program that went on after all has a fresh one when it ends later. */
function createBudget(millis: number): { left(): number } {
  let deadline = Number.NEGATIVE_INFINITY;
  return {
    left() {
      const now = performance.now();
      if (now > deadline + millis) deadline = now + millis;
      return Math.max(0, deadline - now);
    },
  };
}

/** Resolves when the work is over or its time is. The timer holds the event loop open meanwhile, and no longer. */
async function within(millis: number, ending: Pick<Ending, 'flush'>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, millis);
  });
  try {
    await Promise.race([ending.flush(), late]);
  } catch (error) {
    diag.error('spanledger: what is held in memory could not be sent at the end of the program', error);
  }
  clearTimeout(timer);
}
