import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { diag } from '@opentelemetry/api';
import { type HealthFacts, type HealthLimits, judgeHealth } from '../domain/health.ts';
import { onStopNotice } from '../telemetry/stop-notice.ts';
import type { GuardData } from './guard.ts';

const run = promisify(execFile);
const statusMillis = 10_000;

/**
 * Tells systemd that the program is ready, its status, and, where `WatchdogSec` is set, that it is alive: as long as the main thread is
 * not blocked. Node.js has no sockets of the kind that systemd listens on, so `systemd-notify` speaks for it; the unit needs
 * `NotifyAccess=all`.
 *
 * @throws Error where `systemd-notify` cannot be run
 */
export async function notifySystemd(
  { watchdogMillis }: NonNullable<GuardData['systemd']>,
  facts: () => HealthFacts,
  limits: HealthLimits,
): Promise<void> {
  await notify('--ready', `--status=${statusOf(facts(), limits)}`);
  // Half of the limit, as sd_watchdog_enabled(3) advises.
  const everyMillis = Math.min(statusMillis, (watchdogMillis ?? statusMillis * 2) / 2);
  let told = '';
  setInterval(() => {
    const now = facts();
    const status = statusOf(now, limits);
    const isAlive = watchdogMillis !== undefined && judgeHealth(now, limits).live;
    const words = [...(isAlive ? ['WATCHDOG=1'] : []), ...(status === told ? [] : [`--status=${status}`])];
    told = status;
    if (words.length > 0) notify(...words).catch(warn);
  }, everyMillis);
}

const stoppingMillis = 1_000;

/**
 * Tells systemd that the program ends: when a signal asks it to, which it may take a while to heed, or else as the last thing that it does.
 * Runs on the main thread.
 *
 * @param hearsSignals whether somebody passes on that a signal has come
 */
export function tellSystemdOfEnd(hearsSignals: boolean): void {
  let isTold = false;
  const told = () => {
    const before = isTold;
    isTold = true;
    return before;
  };
  if (hearsSignals) {
    onStopNotice(() => {
      if (!told()) notify(stopping).catch(warn);
    });
  }
  process.once('exit', () => {
    if (told()) return;
    try {
      execFileSync('systemd-notify', [stopping], { timeout: stoppingMillis, stdio: 'ignore' });
    } catch (error) {
      warn(error);
    }
  });
}

const stopping = 'STOPPING=1';

function warn(error: unknown): void {
  diag.warn('systemd could not be told.', error);
}

function statusOf(facts: HealthFacts, limits: HealthLimits): string {
  const { verdict, reasons } = judgeHealth(facts, limits);
  return [verdict, ...reasons].join('; ').replaceAll(/\s+/g, ' ');
}

async function notify(...words: readonly string[]): Promise<void> {
  await run('systemd-notify', words, { timeout: 5_000 });
}
