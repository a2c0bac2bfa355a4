import type { Attributes } from '@opentelemetry/api';
import type { RefusedTransition, TransitionEntry, TransitionMetadata } from '../domain/guarded-machine.ts';
import { attribute, event } from './conventions.ts';
import type { UnitEvent } from './unit-event.ts';

/** Whose state moved. */
export interface Mover {
  readonly machine: 'session' | 'item';
  readonly id: string;
  readonly attempt: number;
  /** Further attributes, such as the counts of a session. */
  readonly attributes?: Attributes;
}

/** Longest part of an id that a message repeats; the whole id stands in its own column. */
const maxIdInMessage = 200;

/** The event of a move that was made. */
export function transitionEvent(mover: Mover, entry: TransitionEntry<string>): UnitEvent {
  const { machine, id, attempt } = mover;
  return {
    name: machine === 'session' ? event.sessionTransition : event.itemTransition,
    level: 'info',
    category: 'state_transition',
    message: `${machine} ${shortId(id)}: ${entry.from} -> ${entry.to}`,
    at: entry.at,
    reason: entry.reason,
    details: entry.metadata,
    attributes: {
      [attribute.fromState]: entry.from,
      [attribute.toState]: entry.to,
      [attribute.attempt]: attempt,
      ...(entry.auto && { [attribute.auto]: true }),
      ...(entry.forced && { [attribute.forced]: true }),
      ...(entry.actor !== undefined && { [attribute.actor]: entry.actor }),
      ...mover.attributes,
    },
  };
}

/** The event of a move that was refused. It carries no `spanledger.state.to`, since nothing moved there. */
export function refusedEvent(mover: Mover, refused: RefusedTransition<string>): UnitEvent {
  const { machine, id } = mover;
  return {
    name: machine === 'session' ? event.sessionTransitionRefused : event.itemTransitionRefused,
    level: 'warning',
    category: 'state_transition',
    message: `${machine} ${shortId(id)}: ${refused.from} -> ${refused.to} refused`,
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

/** An id as messages repeat it. */
export function shortId(id: string): string {
  return id.length > maxIdInMessage ? `${id.slice(0, maxIdInMessage)}…` : id;
}

/** What a program tells about a move, in the form machines keep it. */
export function toMetadata(details: unknown): TransitionMetadata | undefined {
  if (details === undefined || details === null) return undefined;
  return typeof details === 'object' ? (details as TransitionMetadata) : { details };
}
