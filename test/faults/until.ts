import { setTimeout as sleep } from 'node:timers/promises';
import { patience, watchContention } from './contention.ts';

const lookMillis = 20;

/**
 * Waits until something is so. Rejects, and says what it waited for, when that takes longer than `maxMillis`, on a machine that has the
 * time; on a busy one it is patient.
 */
export async function until(what: string, maxMillis: number, isSo: () => boolean | Promise<boolean>): Promise<number> {
  const begin = performance.now();
  const contention = watchContention();
  for (;;) {
    if (await isSo()) return performance.now() - begin;
    if (performance.now() - begin > maxMillis * patience(contention.share()))
      throw new Error(`It took longer than ${maxMillis} ms until ${what}.`);
    await sleep(lookMillis);
  }
}
