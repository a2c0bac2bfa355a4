import type { Attributes } from '@opentelemetry/api';
import type { RefusedTransition, TransitionEntry, TransitionMetadata } from '../domain/guarded-machine.ts';
import { attribute, event } from './conventions.ts';
import { storedText } from './stored-text.ts';
import type { UnitEvent } from './unit-event.ts';

/** Whose state moved. */
export interface Mover {
  readonly machine: 'session' | 'item';
  /** Its id, as messages repeat it. */
  readonly label: string;
}

/** Longest part of an id that a message repeats; the whole id stands in its own column. */
const maxIdInMessage = 200;

/** The event of a move that was made. `attributes` are further ones, such as the counts of a session. */
export function transitionEvent(mover: Mover, entry: TransitionEntry<string>, attributes: Attributes = {}): UnitEvent {
  const { machine, label } = mover;
  attributes[attribute.fromState] = entry.from;
  attributes[attribute.toState] = entry.to;
  if (entry.auto) attributes[attribute.auto] = true;
  if (entry.forced) attributes[attribute.forced] = true;
  if (entry.actor !== undefined) attributes[attribute.actor] = entry.actor;
  return {
    name: machine === 'session' ? event.sessionTransition : event.itemTransition,
    level: 'info',
    category: 'state_transition',
    message: `${machine} ${label}: ${entry.from} -> ${entry.to}`,
    isMessageStored: true,
    at: entry.at,
    reason: entry.reason,
    details: entry.metadata,
    attributes,
  };
}

/** The event of a move that was refused. It carries no `spanledger.state.to`, since nothing moved there. */
export function refusedEvent(mover: Mover, refused: RefusedTransition<string>): UnitEvent {
  const { machine, label } = mover;
  return {
    name: machine === 'session' ? event.sessionTransitionRefused : event.itemTransitionRefused,
    level: 'warning',
    category: 'state_transition',
    message: `${machine} ${label}: ${refused.from} -> ${refused.to} refused`,
    at: refused.at,
    reason: refused.reason,
    details: {
      from: refused.from,
      requested: refused.to,
      allowed: refused.error.allowed,
      error: refused.error.message,
    },
    attributes: {
      [attribute.fromState]: refused.from,
      [attribute.errorType]: refused.error.code,
      [attribute.actions]: [refused.error.action],
    },
  };
}

/** An id as messages repeat it: shortened and storable. */
export function labelOf(id: string): string {
  return storedText(id.length > maxIdInMessage ? `${id.slice(0, maxIdInMessage)}…` : id, 2 * maxIdInMessage);
}

/** What a program tells about a move, in the form machines keep it. */
export function toMetadata(details: unknown): TransitionMetadata | undefined {
  if (details === undefined || details === null) return undefined;
  return typeof details === 'object' ? (details as TransitionMetadata) : { details };
}
