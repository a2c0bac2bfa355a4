import { type ItemState, isActiveItemState, itemNextOnThrow } from './item-states.ts';
import { legalPath } from './legal-path.ts';
import { itemMachine } from './transition.ts';

/** Reason of the steps the library takes at the normal end of an item block. */
export const normalEndReason = 'normal end of block';
/** Reason of the move that closes an item which an earlier run left in work. */
export const abandonedReason = 'left in work by an earlier run';

/** Whether and how the block of an item may begin. */
export type ItemEntry =
  | { readonly status: 'begin'; readonly steps: readonly ItemState[] }
  | { readonly status: 'retry'; readonly steps: readonly ItemState[] }
  | { readonly status: 'finished' };

/**
 * How an item in `state` is taken up: `pending` begins; `failed` is a retry, and so is one that an earlier run left in
 * work, which fails first. One that is finished otherwise is not run again.
 */
export function itemEntry(state: ItemState): ItemEntry {
  if (state === 'pending') return { status: 'begin', steps: ['analyzing'] };
  if (state === 'failed') return { status: 'retry', steps: ['analyzing'] };
  if (isActiveItemState(state)) return { status: 'retry', steps: ['failed', 'analyzing'] };
  return { status: 'finished' };
}

/**
 * The steps that a normal return of the block takes, all of them automatic and legal: to `imported` from work or
 * `warning`; none where the item is finished. `restInWarning` keeps an item in `warning` there.
 */
export function stepsOnReturn(state: ItemState, restInWarning = false): readonly ItemState[] {
  if (state === 'warning' && restInWarning) return [];
  return legalPath(itemMachine, state, 'imported') ?? [];
}

/** Whether an exception moves the item to `failed`; where it does not, the state stays and an error record is added. */
export function failsOnThrow(state: ItemState): boolean {
  return itemNextOnThrow(state).includes('failed');
}

/** Whether the end of the session around it ends the item as `failed`, category `aborted`. What has not begun stays `pending`. */
export function abortsWithSession(state: ItemState): boolean {
  return isActiveItemState(state);
}
