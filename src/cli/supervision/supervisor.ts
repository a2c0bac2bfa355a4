import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { decideRestart, endText, exitCodeOfEnd, type RestartLimits } from '../../domain/restart-policy.ts';
import { backOffMillis } from '../../shipping/back-off.ts';
import { type Stuckness, watchProgress } from './stuck-watch.ts';
import { type ProgramEnd, type SupervisedProgram, startProgram } from './supervised-program.ts';
import type { KnownProgram, SupervisorLedger } from './supervisor-ledger.ts';

export interface SupervisorOptions {
  readonly command: readonly [string, ...string[]];
  readonly limits: RestartLimits;
  /** How long the main thread may be blocked before the program counts as stuck. */
  readonly stuckMillis: number;
  /** Ends a stuck program. Without it, a stuck program is told of and left alone. */
  readonly killsStuck: boolean;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMillis: number;
  readonly backOff: { readonly firstMillis: number; readonly maxMillis: number };
  readonly ledger: SupervisorLedger;
  readonly tell: (text: string) => void;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Signals that are passed on. SIGKILL and SIGSTOP cannot be; SIGCHLD and SIGPIPE are the supervisor's own. */
const passedOn = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'] as const;
const ending: ReadonlySet<string> = new Set(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP']);
/** What a terminal sends, it sends to the program as well, where that is in the same group. */
const fromTerminal: ReadonlySet<string> = new Set(['SIGINT', 'SIGQUIT', 'SIGWINCH', 'SIGHUP']);

/**
 * Runs a program until it ends for good, and resolves with its exit code; 128 and the number of the signal where one ended it. Its ends
 * are recorded, its open work is closed, and it is started again as the limits say.
 *
 * @throws Error where the program cannot be started at all
 */
export async function supervise(options: SupervisorOptions): Promise<number> {
  const supervisor = new Supervisor(options);
  try {
    return await supervisor.run();
  } finally {
    supervisor.release();
  }
}

class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #stopping = new AbortController();
  readonly #listeners = new Map<NodeJS.Signals, () => void>();
  #program: SupervisedProgram | undefined;
  /** The signal that asked for the end. */
  #asked: NodeJS.Signals | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const signals = process.platform === 'win32' ? (['SIGINT', 'SIGTERM', 'SIGHUP'] as const) : passedOn;
    for (const signal of signals) this.#listen(signal);
  }

  release(): void {
    for (const [signal, listener] of this.#listeners) process.removeListener(signal, listener);
  }

  async run(): Promise<number> {
    const { limits, ledger, tell } = this.#options;
    let restarts = 0;
    for (;;) {
      const began = performance.now();
      const { end, stuck } = await this.#runOnce();
      const livedMillis = performance.now() - began;
      const isStopping = this.#asked !== undefined;
      const decision = decideRestart(
        { ...end, isStopping, livedMillis, ...(stuck !== undefined && { stuck }) },
        restarts,
        limits,
      );
      const code = exitCodeOfEnd(end, constants.signals);
      if (decision.action === 'end') return code;
      if (decision.action === 'give-up') {
        const message = `the program is not started again: ${decision.reason}`;
        ledger.record({ event: 'processGivenUp', level: 'critical', message, reason: decision.reason });
        tell(message);
        return code;
      }
      restarts = decision.restarts;
      const delay = backOffMillis(restarts, { ...this.#options.backOff, random: this.#options.random });
      const message = `restart ${restarts} of ${limits.maxRestarts} in ${Math.round(delay)} ms: ${decision.reason}`;
      ledger.record({
        event: 'processRestart',
        level: 'warning',
        message,
        reason: decision.reason,
        details: { restarts, delay_ms: Math.round(delay) },
      });
      tell(message);
      await sleep(delay, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      if (this.#asked !== undefined) return exitCodeOfEnd({ signal: this.#asked }, constants.signals);
    }
  }

  async #runOnce(): Promise<{ readonly end: ProgramEnd; readonly stuck?: string }> {
    const { command, graceMillis, ledger, stuckMillis } = this.#options;
    let known: KnownProgram | undefined;
    let stuck: string | undefined;
    const watch = watchProgress({
      stuckMillis,
      stuckWork: async () => (known === undefined ? undefined : ledger.stuckWork(known)),
      onStuck: (found) => {
        stuck ??= this.#stuck(found, known);
      },
    });
    const program = startProgram({ command, graceMillis }, (message) => {
      if (message.type === 'pulse') watch.pulse(message.lateMillis);
      else {
        known = { owner: message.owner, directory: message.directory };
        ledger.record({ event: 'processStart', level: 'info', message: `process ${program.pid} started` }, known);
      }
    });
    this.#program = program;
    try {
      const end = await program.ended;
      await this.#clearUp(program);
      this.#recordEnd(program, end, known);
      if (known !== undefined) await ledger.ended(known, end);
      return { end, ...(stuck !== undefined && { stuck }) };
    } finally {
      this.#program = undefined;
      watch.stop();
    }
  }

  #recordEnd(program: SupervisedProgram, end: ProgramEnd, known: KnownProgram | undefined): void {
    const isFailure = end.signal !== undefined || end.code !== 0;
    this.#options.ledger.record(
      {
        event: 'processExit',
        level: isFailure && this.#asked === undefined ? 'error' : 'info',
        message: `process ${program.pid} ended: ${endText(end)}`,
        reason: endText(end),
        details: { pid: program.pid, ...end, ...(this.#asked !== undefined && { asked: this.#asked }) },
      },
      known,
    );
  }

  /** What a program has started and left in its group goes with it. */
  async #clearUp(program: SupervisedProgram): Promise<void> {
    if (!program.hasLeftovers()) return;
    program.signalGroup('SIGTERM');
    const deadline = performance.now() + this.#options.graceMillis;
    while (program.hasLeftovers() && performance.now() < deadline) await sleep(50);
    if (program.hasLeftovers()) program.signalGroup('SIGKILL');
  }

  /** Answers why the program was ended, if it was. */
  #stuck({ reason }: Stuckness, known: KnownProgram | undefined): string | undefined {
    const { ledger, tell, killsStuck, graceMillis } = this.#options;
    const program = this.#program;
    const message = `process ${program?.pid} is stuck: ${reason}${killsStuck ? '; it is ended' : '; it is left alone'}`;
    ledger.record({ event: 'processStuck', level: 'error', message, reason, details: { ended: killsStuck } }, known);
    tell(message);
    if (!killsStuck || program === undefined) return undefined;
    program.signal('SIGTERM');
    const timer = setTimeout(() => program.signalGroup('SIGKILL'), graceMillis);
    void program.ended.finally(() => clearTimeout(timer)).catch(() => undefined);
    return `stuck: ${reason}`;
  }

  #listen(signal: NodeJS.Signals): void {
    const listener = () => {
      if (ending.has(signal)) {
        this.#asked = signal;
        this.#stopping.abort();
      }
      if (process.stdin.isTTY !== true || !fromTerminal.has(signal)) this.#program?.signal(signal);
    };
    this.#listeners.set(signal, listener);
    process.on(signal, listener);
  }
}
