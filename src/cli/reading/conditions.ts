/** Conditions of a `where` clause, joined with AND, and the values bound in it. */
export interface Conditions {
  /** Adds `clause` with `?` bound to `value`; a value that is undefined adds nothing. */
  add(clause: string, value: unknown): Conditions;
  /** Adds a clause without a value. */
  when(applies: boolean, clause: string): Conditions;
  /** Binds one more value and returns its placeholder. */
  bind(value: unknown): string;
  /** `where ...`, or an empty text. */
  toSql(): string;
  readonly parameters: readonly unknown[];
}

/** No conditions yet. */
export function createConditions(): Conditions {
  const clauses: string[] = [];
  const parameters: unknown[] = [];
  const conditions: Conditions = {
    parameters,
    bind: (value) => `$${parameters.push(value)}`,
    add(clause, value) {
      if (value !== undefined) {
        const placeholder = conditions.bind(value);
        clauses.push(clause.replaceAll('?', placeholder));
      }
      return conditions;
    },
    when(applies, clause) {
      if (applies) clauses.push(clause);
      return conditions;
    },
    toSql: () => (clauses.length === 0 ? '' : `where ${clauses.join(' and ')}`),
  };
  return conditions;
}
