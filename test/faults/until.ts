import { setTimeout as sleep } from 'node:timers/promises';

const lookMillis = 20;

/** Waits until something is so. Rejects, and says what it waited for, when that takes longer than `maxMillis`. */
export async function until(what: string, maxMillis: number, isSo: () => boolean | Promise<boolean>): Promise<number> {
  const begin = performance.now();
  for (;;) {
    if (await isSo()) return performance.now() - begin;
    if (performance.now() - begin > maxMillis) throw new Error(`It took longer than ${maxMillis} ms until ${what}.`);
    await sleep(lookMillis);
  }
}
