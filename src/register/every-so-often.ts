import { diag } from '@opentelemetry/api';

/**
 * Does something again and again, the first time after one pause. A turn that takes longer than the pause is not overtaken: a database that
 * hardly answers is not asked ever more at once, on connections that shipping needs.
 */
export function everySoOften(pauseMillis: number, work: () => Promise<unknown>): NodeJS.Timeout {
  let isAtWork = false;
  const turn = async () => {
    if (isAtWork) return;
    isAtWork = true;
    try {
      await work();
    } catch (error) {
      diag.debug('A chore could not be done; it is tried again at its next turn.', error);
    } finally {
      isAtWork = false;
    }
  };
  return setInterval(() => void turn(), pauseMillis);
}
