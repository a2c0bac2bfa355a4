/**
 * Makes values fit to be written: redacted, and storable in Postgres. Applied before anything reaches disk or wire.
 */
export interface Sanitizer {
  /** Redacts secrets inside text, replaces NUL and lone surrogates, cuts to `maxLength` characters (on a code point). */
  text(value: string, maxLength?: number): string;
  /**
   * JSON text of any value: secrets redacted by key and by pattern, bigint, Date, Map, Set, Error, cycles, getters that throw
   * and proxies made plain, non-finite numbers as strings, within the size and depth limits. Never throws.
   */
  json(value: unknown): string;
  /** Values changed so far, by reason. */
  alterations(): Readonly<Record<string, number>>;
}
