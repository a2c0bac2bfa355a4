// @ts-check
import { setTimeout as pause } from 'node:timers/promises';
import { waitFor } from 'spanledger';

/** What takes longer than this is worth a record; what is shorter is only the beat of the calls. */
const toldMillis = 1_000;
/** Calls that may follow one another at once. */
const burst = 10;

/**
 * So many calls within so many seconds, evenly, but for a small burst. Long waits are on record as waits, so that nobody takes them for a hang.
 * @param {{ calls: number, seconds: number, signal: AbortSignal }} limit
 * @returns {() => Promise<void>} resolves when the next call may be made
 */
export function createRateLimit({ calls, seconds, signal }) {
  const beatMillis = (seconds * 1000) / calls;
  let next = performance.now();
  return async () => {
    const now = performance.now();
    next = Math.max(next, now - burst * beatMillis) + beatMillis;
    const waitMillis = next - now;
    if (waitMillis > toldMillis) {
      await waitFor({ milliseconds: waitMillis }, { reason: 'rate limit of the shop', signal });
    } else if (waitMillis > 1) await pause(waitMillis, undefined, { signal });
    signal.throwIfAborted();
  };
}
