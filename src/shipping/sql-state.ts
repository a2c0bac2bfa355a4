/**
 * What a database failure means for a shipment. One table decides, by SQLSTATE or by its class (the first two characters).
 * `refused`: the rows are at fault, bisect them. `conflict`: another transaction was in the way, repeat at once.
 * `unavailable`: nothing is known to be wrong with the rows, try again later.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export type FailureKind = 'refused' | 'conflict' | 'unavailable';

const kinds: Readonly<Record<string, FailureKind>> = {
  '21': 'refused', // cardinality violation: two rows of one key, of which one alone would do
  '22': 'refused', // data exception: a value the column's type does not take
  '22P03': 'unavailable', // a column has another binary form than ours: its type was changed, which is no fault of a row either
  '23': 'refused', // integrity constraint violation
  '54': 'refused', // program limit exceeded: row or index entry too large
  '40': 'conflict', // transaction rollback: serialization failure, deadlock
  '55P03': 'conflict', // lock not available: a partition is being made or dropped
  '55006': 'conflict', // object in use
  '25': 'unavailable', // invalid transaction state: a standby takes no writes
  '08': 'unavailable', // connection exception
  '28': 'unavailable', // invalid authorization
  '42': 'unavailable', // a missing or changed table is no fault of a row; bisecting would send every record to the dead letters
  '3D': 'unavailable', // no such database
  '3F': 'unavailable', // no such schema
  '53': 'unavailable', // insufficient resources: disk full, too many connections
  '57': 'unavailable', // operator intervention: shutdown, statement timeout
  '58': 'unavailable', // system error
  XX: 'unavailable', // internal error
};

/** A failure of the database or on the way to it. */
export interface DatabaseFailure {
  readonly kind: FailureKind;
  /** SQLSTATE, or the system's error code such as ECONNREFUSED. */
  readonly code: string;
  readonly message: string;
  /** What to do about it, where we know. */
  readonly action?: string;
}

/** Classifies what a driver threw. What has no code came from the connection. */
export function toDatabaseFailure(error: unknown): DatabaseFailure {
  const { code, message, errors } = error as { code?: unknown; message?: unknown; errors?: readonly unknown[] };
  const first = errors?.[0];
  if (first !== undefined && (message === undefined || message === '')) return toDatabaseFailure(first);
  const name = typeof code === 'string' && code !== '' ? code : '08006';
  return {
    kind: kinds[name] ?? kinds[name.slice(0, 2)] ?? 'unavailable',
    code: name,
    message: String(message ?? error),
  };
}
