import { SpanledgerError } from './errors.ts';
import { IllegalTransitionError } from './illegal-transition.ts';
import { legalPath } from './legal-path.ts';
import { type MachineDefinition, type TransitionMode, transition } from './transition.ts';

/** Free facts about a transition, kept with it. */
export type TransitionMetadata = Readonly<Record<string, unknown>>;

/** One move that was made. */
export interface TransitionEntry<S extends string> {
  readonly from: S;
  readonly to: S;
  readonly reason: string;
  /** Microseconds since the Unix epoch. */
  readonly at: number;
  readonly actor?: string;
  /** Made by rule, not by the program. */
  readonly auto: boolean;
  /** Made without the check. */
  readonly forced: boolean;
  readonly metadata?: TransitionMetadata;
}

/** One move that was refused. */
export interface RefusedTransition<S extends string> {
  readonly from: S;
  readonly to: string;
  readonly reason: string;
  readonly at: number;
  readonly actor?: string;
  readonly error: IllegalTransitionError;
}

/** How a machine begins and whom it tells. Callbacks must not throw. */
export interface StateMachineOptions<S extends string> {
  /** State to go on from; `pending` unless given. */
  readonly state?: S;
  /** Attempt to go on from; 1 unless given. */
  readonly attempt?: number;
  /** Who makes the moves, unless a move names somebody else. */
  readonly actor?: string;
  /** Microseconds since the Unix epoch. */
  readonly now?: () => number;
  /** Hears of every move, after it was made. */
  readonly onTransition?: (entry: TransitionEntry<S>) => void;
  /** Hears of every refused move, before the error is thrown. */
  readonly onRefused?: (refused: RefusedTransition<S>) => void;
}

/** Who makes a move, and whether by rule. */
export interface TransitionOrigin {
  readonly actor?: string;
  readonly auto?: boolean;
}

/** What session and item machines have in common. */
export interface StateMachine<S extends string> {
  readonly id: string;
  readonly state: S;
  /** Which attempt this is, from 1; grows when a retry leaves an end state. */
  readonly attempt: number;
  /** Every move made by this machine, oldest first. */
  readonly history: readonly TransitionEntry<S>[];
  /** The states that may follow now. */
  readonly allowed: readonly S[];
  canTransitionTo(target: S): boolean;
  /**
   * Moves to `target` and returns the entry made of it.
   *
   * @throws IllegalTransitionError when the table does not have the move; nothing has changed then.
   * @throws SpanledgerError `SPANLEDGER_REASON_REQUIRED` when the reason is empty.
   */
  transition(target: S, reason: string, metadata?: TransitionMetadata, origin?: TransitionOrigin): TransitionEntry<S>;
  /**
   * Walks the shortest legal path to `target`, every step recorded as automatic. Nothing moves if there is no path.
   *
   * @throws IllegalTransitionError when no path leads there.
   */
  advance(target: S, reason: string, metadata?: TransitionMetadata): readonly TransitionEntry<S>[];
}

interface Move {
  readonly to: string;
  readonly reason: string;
  readonly metadata: TransitionMetadata | undefined;
  readonly actor: string | undefined;
  readonly auto: boolean;
  readonly mode: TransitionMode;
}

/** The guard behind both machines. Not public: the factories of `state-machine.ts` are. */
export class GuardedMachine<S extends string> implements StateMachine<S> {
  readonly id: string;
  readonly #machine: MachineDefinition<S>;
  readonly #options: StateMachineOptions<S>;
  readonly #history: TransitionEntry<S>[] = [];
  #state: S;
  #attempt: number;

  constructor(machine: MachineDefinition<S>, id: string, options: StateMachineOptions<S>) {
    this.id = id;
    this.#machine = machine;
    this.#options = options;
    this.#state = options.state ?? machine.initial;
    this.#attempt = options.attempt ?? 1;
  }

  get state(): S {
    return this.#state;
  }

  get attempt(): number {
    return this.#attempt;
  }

  get history(): readonly TransitionEntry<S>[] {
    return this.#history;
  }

  get allowed(): readonly S[] {
    return this.#machine.next(this.#state);
  }

  canTransitionTo(target: S): boolean {
    return transition(this.#machine, this.#state, target).status === 'moved';
  }

  transition(to: S, reason: string, metadata?: TransitionMetadata, origin?: TransitionOrigin): TransitionEntry<S> {
    return this.move({ to, reason, metadata, actor: origin?.actor, auto: origin?.auto === true, mode: 'normal' });
  }

  advance(to: S, reason: string, metadata?: TransitionMetadata): readonly TransitionEntry<S>[] {
    const path = legalPath(this.#machine, this.#state, to);
    if (path === undefined) throw this.#refuse(to, reason, this.allowed, this.#options.actor);
    return path.map((step) => this.move({ to: step, reason, metadata, actor: undefined, auto: true, mode: 'normal' }));
  }

  /** The one door: every change of state passes here, and here old and new are announced. */
  protected move(move: Move): TransitionEntry<S> {
    const { to, reason, metadata, mode, auto } = move;
    this.#requireReason(to, reason);
    const from = this.#state;
    const actor = move.actor ?? this.#options.actor;
    const result = transition(this.#machine, from, to, mode);
    if (result.status === 'refused') throw this.#refuse(to, reason, result.allowed, actor);
    const entry: TransitionEntry<S> = {
      from,
      to: result.to,
      reason,
      at: this.#now(),
      auto,
      forced: mode === 'forced',
      ...(actor !== undefined && { actor }),
      ...(metadata !== undefined && { metadata }),
    };
    this.#state = result.to;
    if (result.begins) this.#attempt += 1;
    this.#history.push(entry);
    this.#options.onTransition?.(entry);
    return entry;
  }

  #requireReason(to: string, reason: unknown): void {
    if (typeof reason === 'string' && reason.trim() !== '') return;
    throw new SpanledgerError('REASON_REQUIRED', { details: { machine: this.#machine.name, id: this.id, to } });
  }

  #refuse(to: unknown, reason: string, allowed: readonly S[], actor: string | undefined): IllegalTransitionError {
    const from = this.#state;
    const target = typeof to === 'string' ? to : typeof to;
    const error = new IllegalTransitionError({ machine: this.#machine.name, id: this.id, from, to: target, allowed });
    const refused = { from, to: target, reason, at: this.#now(), error };
    this.#options.onRefused?.(actor === undefined ? refused : { ...refused, actor });
    return error;
  }

  #now(): number {
    return this.#options.now === undefined ? Date.now() * 1000 : this.#options.now();
  }
}
