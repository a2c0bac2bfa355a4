/** The counter an item state belongs to. `missing` is counted in `failed` and once more apart. */
export type ItemGroup = 'pending' | 'processing' | 'imported' | 'skipped' | 'failed';

/** What one item state is: data that transitions, counters, diagrams, documentation and tests are made of. */
export interface ItemStateEntry {
  /** Where the state stands in the life of an item. An item may end in any `finished` state. */
  readonly kind: 'initial' | 'processing' | 'finished';
  /** States an item may move to from here. */
  readonly next: readonly string[];
  /** Further states that only an exception in the item's block leads to. */
  readonly nextOnThrow: readonly string[];
  /** Counter the state belongs to. */
  readonly countsAs: ItemGroup;
  /** A finished state that a retry may leave. */
  readonly retryable: boolean;
  /** What holds in the state and what leaves it. */
  readonly brief: string;
}

type Names<T> = readonly (keyof T)[];
const states = <
  const T extends Record<string, ItemStateEntry & { readonly next: Names<T>; readonly nextOnThrow: Names<T> }>,
>(
  table: T,
): T => table;

/** The states of an import item. Nothing else decides what an item may do or how it is counted. */
export const itemStates = states({
  pending: {
    kind: 'initial',
    next: ['analyzing', 'missing', 'failed'],
    nextOnThrow: [],
    countsAs: 'pending',
    retryable: false,
    brief:
      'The item is known and nobody has taken it. It leaves to analyzing when a worker takes it, to missing when its source is gone, to failed when it cannot even begin.',
  },
  analyzing: {
    kind: 'processing',
    next: ['checking', 'missing', 'failed'],
    nextOnThrow: [],
    countsAs: 'processing',
    retryable: false,
    brief:
      'The source is being read: type, size, hash, metadata. It leaves to checking when these are known, or to missing when there is no source to read.',
  },
  checking: {
    kind: 'processing',
    next: ['moving', 'skipped', 'failed'],
    nextOnThrow: [],
    countsAs: 'processing',
    retryable: false,
    brief:
      'The item is compared with what is there already. It leaves to skipped when it is a duplicate or unwanted, to moving when it is new.',
  },
  moving: {
    kind: 'processing',
    next: ['updating', 'source_restored', 'failed'],
    nextOnThrow: [],
    countsAs: 'processing',
    retryable: false,
    brief:
      'The bytes are on their way to their place. It leaves to updating once they are stored, or to source_restored when the source was put back where it belongs.',
  },
  updating: {
    kind: 'processing',
    next: ['imported', 'path_updated', 'warning', 'failed'],
    nextOnThrow: [],
    countsAs: 'processing',
    retryable: false,
    brief:
      'The bytes are stored and the catalogue is being brought up to date. It leaves to imported, to path_updated when only the path of a known item changed, or to warning when the import succeeded with a flaw.',
  },
  imported: {
    kind: 'finished',
    next: [],
    nextOnThrow: [],
    countsAs: 'imported',
    retryable: false,
    brief: 'The item is stored and catalogued. Nothing leaves it.',
  },
  skipped: {
    kind: 'finished',
    next: [],
    nextOnThrow: [],
    countsAs: 'skipped',
    retryable: false,
    brief:
      'The item needed no import, mostly because it is a duplicate. It counts neither for nor against success. Nothing leaves it.',
  },
  failed: {
    kind: 'finished',
    next: ['analyzing'],
    nextOnThrow: [],
    countsAs: 'failed',
    retryable: true,
    brief:
      'The item broke off, with a reason and a diagnosis on record. A retry leaves it for analyzing with the next attempt.',
  },
  missing: {
    kind: 'finished',
    next: [],
    nextOnThrow: [],
    countsAs: 'failed',
    retryable: false,
    brief:
      'The source was not there when it was looked for. It counts as a failure, and once more apart. Nothing leaves it.',
  },
  source_restored: {
    kind: 'finished',
    next: [],
    nextOnThrow: [],
    countsAs: 'imported',
    retryable: false,
    brief: 'The source of a known item was put back in its place; that is a success. Nothing leaves it.',
  },
  path_updated: {
    kind: 'finished',
    next: [],
    nextOnThrow: [],
    countsAs: 'imported',
    retryable: false,
    brief:
      'A known item was found under another path and its path was corrected; that is a success. Nothing leaves it.',
  },
  warning: {
    kind: 'finished',
    next: ['imported'],
    nextOnThrow: ['failed'],
    countsAs: 'imported',
    retryable: false,
    brief:
      'The item is stored, with a flaw worth a look. It may end here, if its block says so, and counts as a success. A normal end of its block leaves it for imported; an exception thrown in it, and nothing else, for failed.',
  },
});

/** A state of an import item. */
export type ItemState = keyof typeof itemStates;

/** Every item state, in the order of an item's life. */
export const itemStateNames = Object.keys(itemStates) as readonly ItemState[];

/** States an item may move to from `state`. */
export function itemNext(state: ItemState): readonly ItemState[] {
  return itemStates[state].next;
}

/** States an item may move to when its block throws: those of {@link itemNext} and what only an exception leads to. */
export function itemNextOnThrow(state: ItemState): readonly ItemState[] {
  const entry = itemStates[state];
  return [...entry.next, ...entry.nextOnThrow];
}

/** Whether the item is done, well or not. An item may rest in `warning`. */
export function isFinishedItemState(state: ItemState): boolean {
  return itemStates[state].kind === 'finished';
}

/** Whether the item is in work: analyzing, checking, moving or updating. */
export function isActiveItemState(state: ItemState): boolean {
  return itemStates[state].kind === 'processing';
}

/** Whether a retry may take the item up again: failed only. */
export function isRetryableItemState(state: ItemState): boolean {
  return itemStates[state].retryable;
}

/** Whether `value` is the name of an item state, in its stored spelling. */
export function isItemState(value: unknown): value is ItemState {
  return typeof value === 'string' && Object.hasOwn(itemStates, value);
}
