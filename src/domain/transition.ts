import { type ItemState, isFinishedItemState, isItemState, itemNext, itemNextOnThrow } from './item-states.ts';
import { isSessionState, isTerminalSessionState, type SessionState, sessionNext } from './session-states.ts';

/** A state machine as data: what is needed to judge any move. */
export interface MachineDefinition<S extends string> {
  readonly name: 'session' | 'item';
  readonly initial: S;
  /** Whether the value names a state of this machine. */
  isState(value: unknown): value is S;
  /** Whether the work is over in the state. */
  isEnd(state: S): boolean;
  /** Where the state may lead. */
  next(state: S): readonly S[];
  /** Where the state may lead when the block throws; at least what {@link MachineDefinition.next} says. */
  nextOnThrow(state: S): readonly S[];
}

/** The session machine of the table in `session-states.ts`. */
export const sessionMachine: MachineDefinition<SessionState> = {
  name: 'session',
  initial: 'pending',
  isState: isSessionState,
  isEnd: isTerminalSessionState,
  next: sessionNext,
  nextOnThrow: sessionNext,
};

/** The item machine of the table in `item-states.ts`. */
export const itemMachine: MachineDefinition<ItemState> = {
  name: 'item',
  initial: 'pending',
  isState: isItemState,
  isEnd: isFinishedItemState,
  next: itemNext,
  nextOnThrow: itemNextOnThrow,
};

/** Which rules judge a move: the table, the table plus what an exception adds, or none. */
export type TransitionMode = 'normal' | 'thrown' | 'forced';

/** The judgement on a move. `begins` marks one that leaves an end for work again: a new attempt. */
export type TransitionResult<S extends string> =
  | { readonly status: 'moved'; readonly to: S; readonly begins: boolean }
  | { readonly status: 'refused'; readonly allowed: readonly S[] };

/** Judges a move. Pure: nothing changes, nothing is thrown, the caller acts on the answer. */
export function transition<S extends string>(
  machine: MachineDefinition<S>,
  from: S,
  to: unknown,
  mode: TransitionMode = 'normal',
): TransitionResult<S> {
  const allowed = mode === 'thrown' ? machine.nextOnThrow(from) : machine.next(from);
  if (!machine.isState(to)) return { status: 'refused', allowed };
  if (mode !== 'forced' && !allowed.includes(to)) return { status: 'refused', allowed };
  return { status: 'moved', to, begins: machine.isEnd(from) && !machine.isEnd(to) };
}
