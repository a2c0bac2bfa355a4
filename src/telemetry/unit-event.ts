import type { Attributes } from '@opentelemetry/api';
import type { AuditCategory, AuditLevel } from '../domain/audit.ts';

/** One event before it passes the door. Texts are redacted and bounded at the door. */
export interface UnitEvent {
  readonly name: string;
  readonly level: AuditLevel;
  readonly category: AuditCategory | (string & {});
  readonly message: string;
  /** Microseconds since the epoch; now, unless given. */
  readonly at?: number;
  readonly reason?: string | undefined;
  /** Anything; written as JSON. */
  readonly details?: unknown;
  /** The message is made of storable parts and need not be read again. */
  readonly isMessageStored?: boolean;
  /** Details as JSON text that is storable already, in place of `details`. */
  readonly detailsJson?: string;
  /** Further attributes, storable already. The door adds its own to this very object. */
  readonly attributes?: Attributes;
  /** False keeps the event off the span, for floods that would crowd out the rest. Its row is made all the same. */
  readonly onSpan?: boolean;
  /** True makes a row and nothing else, for what may yet be rolled back. */
  readonly isRowOnly?: boolean;
  /** The event is told on behalf of another unit, such as an item that has no span in this run. */
  readonly of?: { readonly attributes: Attributes; readonly version: number };
}
