import type { Attributes } from '@opentelemetry/api';
import { SpanledgerError } from '../domain/errors.ts';
import type { RefusedTransition, TransitionEntry } from '../domain/guarded-machine.ts';
import type { ItemState } from '../domain/item-states.ts';
import type { SessionState } from '../domain/session-states.ts';
import { createItemStateMachine, createSessionStateMachine } from '../domain/state-machine.ts';
import { countItems } from '../domain/statistics.ts';
import { synchronise } from '../domain/synchronisation.ts';
import { attribute } from './conventions.ts';
import { type SessionPast, sessionHistory } from './history.ts';
import { countAttributes } from './session-events.ts';
import { openSessions } from './session-opening.ts';
import type { SessionSnapshot } from './session-scope.ts';
import { scopeFor } from './task-scope.ts';
import { labelOf, refusedEvent, toMetadata, transitionEvent } from './transition-event.ts';

/** Names an item. */
export interface ItemName {
  readonly sessionId: string;
  readonly itemId: string;
}

/**
 * Moves sessions and items named by id, for code that holds neither: those at work in this process through their own
 * machines, those of other runs from the state they are known to be in. Guarded like every move.
 *
 * @throws IllegalTransitionError; SpanledgerError `SPANLEDGER_NOT_FOUND` where nothing is known under the id.
 */
export interface StateManagementService {
  transitionSession(sessionId: string, target: SessionState, reason: string, details?: unknown): Promise<void>;
  transitionItem(item: ItemName, target: ItemState, reason: string, details?: unknown): Promise<void>;
  /**
   * Counts the items of a session and moves it where they lead. `isClosed` says that no item will join any more, for a
   * session that is not at work here.
   */
  syncSessionWithItems(sessionId: string, options?: { readonly isClosed?: boolean }): Promise<SessionSnapshot>;
}

/** The one facade over states. */
export function createStateManagementService(): StateManagementService {
  return { transitionSession, transitionItem, syncSessionWithItems };
}

async function transitionSession(
  sessionId: string,
  target: SessionState,
  reason: string,
  details?: unknown,
): Promise<void> {
  const open = openSessions.get(sessionId);
  if (open !== undefined) return open.to(target, reason, details);
  const past = await pastOf(sessionId);
  elsewhere(sessionId, past).transition(target, reason, toMetadata(details));
}

async function transitionItem(name: ItemName, target: ItemState, reason: string, details?: unknown): Promise<void> {
  const { sessionId, itemId } = name;
  const open = openSessions.get(sessionId)?.itemInWork(itemId);
  if (open !== undefined) return open.to(target, reason, details);
  const past = (await (await pastOf(sessionId)).items()).get(itemId);
  if (past === undefined) throw new SpanledgerError('NOT_FOUND', { details: { what: 'item', id: itemId } });
  const ids = { [attribute.sessionId]: sessionId, [attribute.itemId]: itemId };
  const machine = createItemStateMachine(itemId, {
    ...past,
    ...recorded('item', itemId, { ids, version: past.version, attributes: () => ({}), attempt: () => machine.attempt }),
  });
  machine.transition(target, reason, toMetadata(details));
}

async function syncSessionWithItems(
  sessionId: string,
  options: { readonly isClosed?: boolean } = {},
): Promise<SessionSnapshot> {
  const open = openSessions.get(sessionId);
  if (open !== undefined) return open.sync();
  const past = await pastOf(sessionId);
  const items = await past.items();
  const counts = countItems([...items.values()].map(({ state }) => state));
  const machine = elsewhere(sessionId, { ...past, counts });
  const { steps } = synchronise({ id: sessionId, state: past.state, counts, closed: options.isClosed === true });
  for (const { to, reason } of steps) machine.transition(to, reason, undefined, { auto: true });
  return { state: machine.state, counts };
}

async function pastOf(sessionId: string): Promise<SessionPast> {
  const past = await sessionHistory()?.lookup(sessionId);
  if (past === undefined) throw new SpanledgerError('NOT_FOUND', { details: { what: 'session', id: sessionId } });
  return past;
}

function elsewhere(sessionId: string, past: SessionPast) {
  const { state, attempt, version, counts } = past;
  const machine = createSessionStateMachine(sessionId, {
    state,
    attempt,
    ...recorded('session', sessionId, {
      ids: { [attribute.sessionId]: sessionId },
      version,
      attributes: () => (counts === undefined ? {} : countAttributes(counts)),
      attempt: () => machine.attempt,
    }),
  });
  return machine;
}

interface RecordedUnit {
  readonly ids: Attributes;
  readonly version: number;
  /** Further attributes of each move. */
  attributes(): Attributes;
  attempt(): number;
}

interface MachineListener<S extends string> {
  now(): number;
  onTransition(entry: TransitionEntry<S>): void;
  onRefused(refused: RefusedTransition<S>): void;
}

/** Records the moves of a unit that has no span here: they stand on the active one and name their unit themselves. */
function recorded<S extends string>(machine: 'session' | 'item', id: string, unit: RecordedUnit): MachineListener<S> {
  const scope = scopeFor('state management');
  const mover = { machine, label: labelOf(id) } as const;
  let { version } = unit;
  const of = () => {
    version = Math.max(version + 1, scope.runtime.clock.now());
    return { attributes: { ...scope.identity, ...unit.ids, [attribute.unit]: machine }, version: version - 1 };
  };
  return {
    now: () => scope.runtime.clock.now(),
    onTransition(entry) {
      const attributes = { ...unit.attributes(), ...unit.ids, [attribute.attempt]: unit.attempt() };
      scope.emit({ ...transitionEvent(mover, entry, attributes), of: of() });
    },
    onRefused(refused) {
      scope.runtime.metrics.transitionRefused(machine);
      const event = refusedEvent(mover, refused);
      scope.emit({ ...event, attributes: { ...event.attributes, ...unit.ids }, of: of() });
    },
  };
}
