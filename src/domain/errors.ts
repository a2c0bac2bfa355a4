/** One entry of the error catalogue: what happened and what to do. `{name}` is filled from `details`. */
export interface ErrorEntry {
  readonly message: string;
  readonly action: string;
}

const entries = <const T extends Record<string, ErrorEntry>>(table: T): T => table;

/** Every error spanledger raises, by code. `docs/errors.md` is generated from it. */
export const errorCatalogue = entries({
  ILLEGAL_TRANSITION: {
    message: '{machine} {id} cannot move from {from} to {to}; allowed: {allowed}.',
    action: 'Move along the state diagram, or force the session with a reason if the record is wrong.',
  },
  REASON_REQUIRED: {
    message: 'A transition of {machine} {id} to {to} came without a reason.',
    action: 'Pass a reason that is not empty; it is what people read later.',
  },
  ARGUMENT_INVALID: {
    message: '{call} takes {expected}; it was given {given}.',
    action: 'Correct the call. In an editor, the types of spanledger show what each call takes and in which order.',
  },
  INVALID_ID: {
    message:
      'The {what} id {id} cannot be used: {why}. Allowed is any text that is not empty, of at most 1,024 bytes in UTF-8, once at a time.',
    action: 'Pass another id: what identifies the {what} in your own data, such as a path or a key.',
  },
  INVALID_DURATION: {
    message: '{duration} is no time to wait for.',
    action: 'Pass a duration such as { seconds: 30 }, or the Date until which to wait.',
  },
  SESSION_REFUSED: {
    message: 'Session {id} ended in {state} and is not run again.',
    action: 'Start a new session; link it to this one if it repeats its work.',
  },
  SESSION_OPEN: {
    message: 'Session {id} is at work in this process already.',
    action: 'Wait for its end, or give the second run an id of its own.',
  },
  SESSION_ENDED: {
    message: 'Session {id} has ended in {state}; {operation} came too late.',
    action: 'Await all work on items before the session block returns.',
  },
  ITEM_ENDED: {
    message: 'Item {id} has ended in {state}; {operation} came too late.',
    action: 'Await all work of the item before its block returns.',
  },
  SETTING_INVALID: {
    message: '{source} sets {name} to {value}, which is not {expected}.',
    action: 'Correct the value; docs/configuration.md lists what each setting takes.',
  },
  CONFIG_FILE_INVALID: {
    message: '{file} cannot be used: {why} (line {line}, column {column}).',
    action: 'Correct the file, or unset SPANLEDGER_CONFIG_FILE to run without it.',
  },
  DATABASE_URL_INVALID: {
    message: 'The database URL is not usable: {why}.',
    action:
      'Use postgres://user:password@host:port/database; / ? # @ and % in the password are written %2F %3F %23 %40 and %25.',
  },
  DATABASE_UNREACHABLE: {
    message: 'The database {database} cannot be reached: {why}.',
    action: '{remedy} Records stay in the journal meanwhile.',
  },
  DATABASE_FORBIDDEN: {
    message: 'The database {database} does not allow it: {why}.',
    action: '{remedy} Records stay in the journal meanwhile.',
  },
  SCHEMA_MISSING: {
    message: 'The database {database} has no tables of spanledger in a schema {schema}.',
    action: 'Run `spanledger migrate up`.',
  },
  SCHEMA_NEWER: {
    message: 'The schema is at migration {found}, newer than {known}, the last one this version knows.',
    action: 'Upgrade spanledger here; nothing is written until then, records stay in the journal.',
  },
  SCHEMA_OLDER: {
    message: 'The schema is at migration {found}; this version needs {needed}.',
    action: 'Run `spanledger migrate up`.',
  },
  DATABASE_REPLACED: {
    message:
      'A part of the journal of {instanceId} is in another database than {database}, which has none of it; it is not continued here.',
    action:
      'Point the database URL back at the first database. If this one takes its place for good, run `spanledger ship --accept-database` once.',
  },
  STORE_LOCKED: {
    message: 'The embedded store {directory} has been in use by process {pid} for {seconds} s.',
    action: 'Wait for it, or end that process; the journal goes on meanwhile.',
  },
  EMBEDDED_MISSING: {
    message: 'The embedded database needs the package @electric-sql/pglite, which is not installed.',
    action: 'Install it, or set DATABASE_URL to a Postgres.',
  },
  JOURNAL_UNWRITABLE: {
    message: 'The journal directory {directory} cannot be written: {why}.',
    action:
      'Correct owner and mode, or point SPANLEDGER_DIR elsewhere; the host runs on, records are counted as dropped.',
  },
  JOURNAL_NEWER: {
    message: 'The journal segment {segment} is in format {found}, newer than {known}, the last one this version knows.',
    action: 'Upgrade spanledger here; the segment stays untouched until then.',
  },
  CSV_HEADER_INVALID: {
    message: '{file} is no export of {table}: {why}.',
    action: 'The first line must name columns of the table, each once; see docs/tables.md.',
  },
  CSV_ROW_INVALID: {
    message: '{file}, line {line}, column {column}: {why}.',
    action: 'Correct the cell; nothing of the file has been stored behind this line.',
  },
  ARCHIVE_FAILED: {
    message: 'The archive {directory} could not be written: {why}.',
    action: 'Nothing was deleted. Make room or choose another directory, then run `spanledger retention` again.',
  },
  NOT_FOUND: {
    message: 'There is no {what} {id}.',
    action: 'Ids match exactly; `spanledger sessions` lists those that exist.',
  },
  UNKNOWN_SUBJECT: {
    message: 'Nothing is recorded under {id}: no session, item, trace, task or process.',
    action: 'Ids match exactly. {near}',
  },
  USAGE: {
    message: '{why}.',
    action: 'See `spanledger {command} --help`.',
  },
});

export type ErrorCode = keyof typeof errorCatalogue;

export interface SpanledgerErrorOptions {
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** An error of spanledger: match on `code`, show `message` and `action`. */
export class SpanledgerError extends Error {
  override readonly name: string = 'SpanledgerError';
  /** `SPANLEDGER_` and the catalogue key. */
  readonly code: `SPANLEDGER_${ErrorCode}`;
  /** What to do about it. */
  readonly action: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, options: SpanledgerErrorOptions = {}) {
    const details = options.details ?? {};
    const entry = errorCatalogue[code];
    super(fill(entry.message, details), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = `SPANLEDGER_${code}`;
    this.action = fill(entry.action, details);
    this.details = details;
  }
}

const maxDetailLength = 200;

function fill(template: string, details: Readonly<Record<string, unknown>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const text = String(details[name] ?? 'unknown');
    return text.length > maxDetailLength ? `${text.slice(0, maxDetailLength)}…` : text;
  });
}
