/** Why a value was changed on its way to disk or wire. */
export type AlterationReason =
  | 'redacted'
  | 'nul'
  | 'surrogate'
  | 'cut'
  | 'depth'
  | 'cycle'
  | 'non-finite'
  | 'unreadable'
  | 'reduced'
  | 'not-json';

/** Counts alterations by reason. One instance per sanitizer. */
export class Alterations {
  readonly #counts = new Map<AlterationReason, number>();

  add(reason: AlterationReason, count = 1): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + count);
  }

  snapshot(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
