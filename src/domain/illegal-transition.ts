import { SpanledgerError } from './errors.ts';

/** What an {@link IllegalTransitionError} tells. */
export interface IllegalTransition {
  readonly machine: 'session' | 'item';
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly allowed: readonly string[];
}

/** A move that is not in the state table. It was refused and had no effect. */
export class IllegalTransitionError extends SpanledgerError {
  override readonly name = 'IllegalTransitionError';
  readonly from: string;
  /** The state asked for. */
  readonly to: string;
  /** The states that may follow `from`; empty where it is an end. */
  readonly allowed: readonly string[];

  constructor(refused: IllegalTransition) {
    const { machine, id, from, to, allowed } = refused;
    super('ILLEGAL_TRANSITION', {
      details: { machine, id, from, to, allowed: allowed.length === 0 ? 'nothing' : allowed.join(', ') },
    });
    this.from = from;
    this.to = to;
    this.allowed = allowed;
  }
}
