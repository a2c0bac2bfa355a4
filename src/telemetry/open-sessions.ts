import { SpanledgerError } from '../domain/errors.ts';

/** Sessions at work in this process, by id. */
export class OpenSessions<S> {
  readonly #sessions = new Map<string, S | undefined>();

  /**
   * Takes the id, before anything is awaited.
   *
   * @throws SpanledgerError `SPANLEDGER_SESSION_OPEN` where a session of this id is at work.
   */
  reserve(id: string): void {
    if (this.#sessions.has(id)) throw new SpanledgerError('SESSION_OPEN', { details: { id } });
    this.#sessions.set(id, undefined);
  }

  opened(id: string, session: S): void {
    this.#sessions.set(id, session);
  }

  closed(id: string): void {
    this.#sessions.delete(id);
  }

  /** Whether a session of this id is at work, or about to be. */
  has(id: string): boolean {
    return this.#sessions.has(id);
  }

  get(id: string): S | undefined {
    return this.#sessions.get(id);
  }
}
