import { type DeadLetter, type LetterVerdict, rewriteDeadLetters } from '../journal/dead-letters.ts';
import { rowsOf } from '../projection/rows.ts';
import type { LedgerStore } from './store.ts';

/** How a second attempt at the dead letters went. */
export interface RetryReport {
  readonly stored: number;
  readonly kept: number;
}

/**
 * Tries every dead letter again, once what was wrong has been put right. Each letter has an offset of its own in the store, so one
 * that was stored before its answer was lost is not stored twice.
 */
export async function retryDeadLetters(directory: string, store: LedgerStore): Promise<RetryReport> {
  const { removed, kept } = await rewriteDeadLetters(directory, (letter) => retry(store, letter));
  return { stored: removed, kept };
}

async function retry(store: LedgerStore, letter: DeadLetter): Promise<LetterVerdict> {
  const { record, owner, segment, start } = letter;
  if (record === undefined) return 'keep';
  const rows = rowsOf(record, owner);
  const result = await store.ship({ owner, segment: `${segment}/${start}`, from: 0, to: 1, rows, records: 1 });
  switch (result.status) {
    case 'stored':
    case 'elsewhere':
      return 'remove';
    case 'refused':
      return { ...letter, code: result.code, reason: result.message };
    case 'unavailable':
    case 'out-of-turn':
      return 'keep';
    default:
      return result satisfies never;
  }
}
