import type { AuditCategory, AuditLevel } from '../domain/audit.ts';

/** A record that the program writes itself. */
export interface AuditEntry {
  /** What happened, in a sentence. */
  readonly message: string;
  /** Name of the event, such as `order.approved`. Default `audit`. */
  readonly event?: string;
  /** Default `info`, `error` where an error is given. */
  readonly level?: AuditLevel;
  /** One of the eight categories, or a name of one's own. Default `validation`, `error` where an error is given. */
  readonly category?: AuditCategory | (string & {});
  readonly reason?: string;
  /** Who did it, where it is not the program itself. */
  readonly actor?: string;
  readonly durationMillis?: number;
  /** Anything; written as JSON, redacted and bounded. */
  readonly details?: unknown;
  /** Adds class, message, stack, diagnosis and what to do. */
  readonly error?: unknown;
  /** What to do, in place of the advice of the diagnosis. */
  readonly recommendedActions?: readonly string[];
}
