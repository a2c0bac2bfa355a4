import {
  GuardedMachine,
  type StateMachine,
  type StateMachineOptions,
  type TransitionEntry,
  type TransitionMetadata,
  type TransitionOrigin,
} from './guarded-machine.ts';
import type { ItemState } from './item-states.ts';
import type { SessionState } from './session-states.ts';
import { itemMachine, sessionMachine } from './transition.ts';

/** The guarded state of one session. */
export interface SessionStateMachine extends StateMachine<SessionState> {
  /** Moves without the check, to any state; recorded as forced. Validate the session afterwards. */
  forceTransition(
    target: SessionState,
    reason: string,
    metadata?: TransitionMetadata,
    origin?: TransitionOrigin,
  ): TransitionEntry<SessionState>;
}

/** The guarded state of one item. */
export interface ItemStateMachine extends StateMachine<ItemState> {
  /** Moves to `failed` because the item's block threw; unlike `transition`, also from `warning`. */
  failByThrow(reason: string, metadata?: TransitionMetadata): TransitionEntry<ItemState>;
}

/** Makes the machine of one session. */
export function createSessionStateMachine(
  id: string,
  options: StateMachineOptions<SessionState> = {},
): SessionStateMachine {
  return new GuardedSession(sessionMachine, id, options);
}

/** Makes the machine of one item. */
export function createItemStateMachine(id: string, options: StateMachineOptions<ItemState> = {}): ItemStateMachine {
  return new GuardedItem(itemMachine, id, options);
}

class GuardedSession extends GuardedMachine<SessionState> implements SessionStateMachine {
  forceTransition(
    to: SessionState,
    reason: string,
    metadata?: TransitionMetadata,
    origin?: TransitionOrigin,
  ): TransitionEntry<SessionState> {
    return this.move({ to, reason, metadata, actor: origin?.actor, auto: origin?.auto === true, mode: 'forced' });
  }
}

class GuardedItem extends GuardedMachine<ItemState> implements ItemStateMachine {
  failByThrow(reason: string, metadata?: TransitionMetadata): TransitionEntry<ItemState> {
    return this.move({ to: 'failed', reason, metadata, actor: undefined, auto: false, mode: 'thrown' });
  }
}
