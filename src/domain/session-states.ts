/** What one state of a machine is: data that transitions, diagrams, documentation and tests are made of. */
export interface SessionStateEntry {
  /** Where the state stands in the life of a session. */
  readonly kind: 'initial' | 'processing' | 'terminal';
  /** States a session may move to from here. */
  readonly next: readonly string[];
  /** A terminal state that a retry may leave. */
  readonly retryable: boolean;
  /** What holds in the state and what leaves it. */
  readonly brief: string;
}

const states = <const T extends Record<string, SessionStateEntry & { readonly next: readonly (keyof T)[] }>>(
  table: T,
): T => table;

/** The states of an import session. Nothing else decides what a session may do. */
export const sessionStates = states({
  pending: {
    kind: 'initial',
    next: ['ready', 'canceled', 'expired', 'error'],
    retryable: false,
    brief:
      'The session is known and nothing has been done for it: no source is opened and no item exists. It leaves when its input is in hand (ready), when nobody needs it any more (canceled), when its deadline passes (expired), or when it cannot be set up (error).',
  },
  ready: {
    kind: 'initial',
    next: ['expanding', 'processing', 'canceled', 'error'],
    retryable: false,
    brief:
      'Everything the session needs is in hand and work may begin at once. It leaves to expanding when its items still have to be found, to processing when they are known, and to canceled or error when it does not begin at all.',
  },
  expanding: {
    kind: 'processing',
    next: ['processing', 'enqueued', 'canceled', 'error', 'failed'],
    retryable: false,
    brief:
      'The items are being found: a folder is walked, an archive unpacked, a selection fetched. The set of items is open and may be empty. It leaves when the items are worked on here (processing) or handed to workers (enqueued).',
  },
  processing: {
    kind: 'processing',
    next: ['enqueued', 'importing', 'imported', 'canceled', 'error', 'failed'],
    retryable: false,
    brief:
      'The session is at work and no item is in work yet, as at the start of a run or of a retry. It leaves to importing with the first item in work, to enqueued when workers take over, and to an end state when nothing is left to do.',
  },
  enqueued: {
    kind: 'processing',
    next: ['importing', 'canceled', 'error', 'failed'],
    retryable: false,
    brief:
      'The items wait in a queue for workers. It leaves to importing when the first of them is taken, and to canceled, error or failed when the queue is given up.',
  },
  importing: {
    kind: 'processing',
    next: ['imported', 'canceled', 'error', 'failed'],
    retryable: false,
    brief:
      'Items are in work. It leaves when the set of items is closed and every one of them is finished: to imported or failed by the outcome rule. It also leaves when the session is canceled or its own work fails.',
  },
  imported: {
    kind: 'terminal',
    next: [],
    retryable: false,
    brief:
      'Every item is finished, and either one was imported or none failed. Duplicates and an empty input count for this end, not against it. Failures beside successes make it partial. Nothing leaves it; its items are repeated in a new, linked session.',
  },
  canceled: {
    kind: 'terminal',
    next: [],
    retryable: false,
    brief:
      'The session was stopped on purpose. Items in work were ended as failed with category aborted, items not begun stay pending and are listed as not started. Nothing leaves it.',
  },
  expired: {
    kind: 'terminal',
    next: [],
    retryable: false,
    brief: 'The deadline passed before any work began, and no item is open. Nothing leaves it.',
  },
  error: {
    kind: 'terminal',
    next: [],
    retryable: false,
    brief:
      'The session itself failed in a way that a repeat would not cure, and its own error is recorded. Nothing leaves it: find the cause, then start a new session.',
  },
  failed: {
    kind: 'terminal',
    next: ['processing'],
    retryable: true,
    brief:
      'The work ended without a single import and with at least one failure, or the session broke off for a reason that may pass. A retry leaves it for processing with the next attempt, then repeats its failed items.',
  },
});

/** A state of an import session. */
export type SessionState = keyof typeof sessionStates;

/** Every session state, in the order of a session's life. */
export const sessionStateNames = Object.keys(sessionStates) as readonly SessionState[];

/** States a session may move to from `state`. */
export function sessionNext(state: SessionState): readonly SessionState[] {
  return sessionStates[state].next;
}

/** Whether the session has ended: imported, canceled, expired, error or failed. */
export function isTerminalSessionState(state: SessionState): boolean {
  return sessionStates[state].kind === 'terminal';
}

/** Whether a retry may leave the state: failed only. */
export function isRetryableSessionState(state: SessionState): boolean {
  return sessionStates[state].retryable;
}

/** Whether a session in this state may be canceled; follows the table. */
export function canCancelSession(state: SessionState): boolean {
  return sessionNext(state).includes('canceled');
}

/** Whether `value` is the name of a session state, in its stored spelling. */
export function isSessionState(value: unknown): value is SessionState {
  return typeof value === 'string' && Object.hasOwn(sessionStates, value);
}
