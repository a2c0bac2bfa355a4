import type { ItemState } from '../domain/item-states.ts';
import type { SessionState } from '../domain/session-states.ts';

/** The reason of an item's move where the program names none and no step ended since the last move. */
export const itemReasons: Readonly<Record<ItemState, string>> = {
  pending: 'waits for a worker',
  analyzing: 'the source is read',
  checking: 'compared with what is there already',
  moving: 'found to be new, goes to its place',
  updating: 'stored, the catalogue follows',
  imported: 'stored and catalogued',
  skipped: 'needs no import',
  failed: 'given up by the program',
  missing: 'the source is not there',
  source_restored: 'the source is back in its place',
  path_updated: 'found under another path',
  warning: 'stored with a flaw',
};

/** The reason of a session's move where the program names none. */
export const sessionReasons: Readonly<Record<SessionState, string>> = {
  pending: 'waits for its input',
  ready: 'its input is in hand',
  expanding: 'its items are being found',
  processing: 'its items are known',
  enqueued: 'its items wait for workers',
  importing: 'its items are in work',
  imported: 'ended by the program',
  canceled: 'canceled by the program',
  expired: 'its deadline passed',
  error: 'given up by the program',
  failed: 'given up by the program',
};

/** The reason of an item's move without one: the step that ended since the last move, else what the state means. */
export function itemReason(target: ItemState, lastStep: string | undefined): string {
  return lastStep === undefined ? (itemReasons[target] ?? '') : `after step ${lastStep}`;
}
