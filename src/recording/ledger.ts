import { resolve } from 'node:path';
import type { Settings } from '../configuration/setting-table.ts';
import { loadSettings } from '../configuration/settings.ts';
import type { JournalOwner } from '../projection/record.ts';
import { rowsOf } from '../projection/rows.ts';
import type { Row } from '../projection/tables.ts';
import { sanitizer } from '../storable/sanitizer.ts';
import { processClock } from '../telemetry/clock.ts';
import { environmentService } from './environment-service.ts';
import { createIdGenerator } from './id-generator.ts';
import { leaseRecorder, type RecorderLease } from './journal-source.ts';
import { recordingService } from './live-span-processor.ts';
import { type LoggingPlace, recordsOf } from './logged-rows.ts';
import type { LoggedRows, LoggedTable } from './logged-tables.ts';
import { type OwnShipping, startShipping } from './own-shipping.ts';

/** What a ledger of one's own is made with. Everything else is as the settings say. */
export interface LedgerOptions {
  /** Default: the setting `databaseUrl`; without either, rows stay in files. */
  readonly databaseUrl?: string;
  /** Directory of the files; default: the setting `directory`. */
  readonly spoolDir?: string;
  /** Default: the setting `schema`. */
  readonly schema?: string;
  /** Default: the service that this process records as, else `OTEL_SERVICE_NAME`. */
  readonly service?: string;
  /** `file` keeps rows in files, for `spanledger ship`; `memory` in `rows`, for tests; `none` nowhere. Default: `database`. */
  readonly sink?: 'database' | 'file' | 'memory' | 'none';
}

/** A writer of rows, for programs and services that have no use for spans. Pass it to whoever needs it. */
export interface Ledger {
  /**
   * Writes a row. It is in a file when this returns, and in the table soon after, whatever becomes of the database meanwhile; no fault of
   * disk or database is thrown. Times are filled in, secrets masked, objects and lists written as JSON.
   *
   * @throws SpanledgerError `SPANLEDGER_ARGUMENT_INVALID` for a table or a column that there is not, or one that is missing
   */
  log<T extends LoggedTable>(table: T, row: LoggedRows[T]): void;
  /** Waits until what was logged is stored; `false` where the database does not take it now: it stays in the files. Never rejects. */
  flush(): Promise<boolean>;
  /** Stores what it can and lets go of files and connections. What is logged later is counted as dropped. */
  close(): Promise<void>;
  /** With the sink `memory`, the rows so far. */
  readonly rows: readonly Row[];
  stats(): LedgerStats;
}

export interface LedgerStats {
  /** Rows that were given to it. */
  readonly logged: number;
  /** Of these, those that no file took. */
  readonly dropped: number;
  /** Records that it has stored in the database, those of dead processes included. */
  readonly shipped: number;
  /** Attempts that found no database. */
  readonly failures: number;
}

/**
 * Makes a writer of rows for `api_logs`, `task_progress` and `audit_log`, by hand or in place of an own one.
 *
 * @throws SpanledgerError SETTING_INVALID, CONFIG_FILE_INVALID, DATABASE_URL_INVALID
 */
export function createLedger(options: LedgerOptions = {}): Ledger {
  const { databaseUrl, schema, spoolDir } = options;
  const code: Partial<Settings> = {
    ...(databaseUrl !== undefined && { databaseUrl }),
    ...(schema !== undefined && { schema }),
    ...(spoolDir !== undefined && { directory: spoolDir }),
  };
  return new JournalLedger(options, loadSettings(code).settings);
}

/** Steps whose begin is remembered. */
const mostBegun = 10_000;

class JournalLedger implements Ledger {
  readonly rows: Row[] = [];
  readonly #sink: NonNullable<LedgerOptions['sink']>;
  readonly #place: LoggingPlace;
  readonly #owner: JournalOwner;
  readonly #lease: RecorderLease | undefined;
  readonly #shipping: OwnShipping | undefined;
  #logged = 0;
  #late = 0;
  #closing: Promise<void> | undefined;

  constructor(options: LedgerOptions, settings: Settings) {
    const { databaseUrl, schema } = settings;
    const service = options.service ?? recordingService() ?? environmentService();
    const directory = resolve(settings.directory);
    this.#sink = options.sink ?? 'database';
    this.#place = placeOf(settings);
    const isKept = this.#sink === 'file' || this.#sink === 'database';
    this.#lease = isKept ? leaseRecorder({ directory }, { attributes: { 'service.name': service } }) : undefined;
    this.#owner = this.#lease?.recorder.journal.owner ?? { ...nobody, service };
    if (this.#sink === 'database' && databaseUrl !== undefined) {
      this.#shipping = startShipping({ directory, owner: this.#owner, databaseUrl, schema });
    }
  }

  log<T extends LoggedTable>(table: T, row: LoggedRows[T]): void {
    const records = recordsOf(table, row, this.#place);
    const { begun } = this.#place;
    for (const key of begun.keys()) {
      if (begun.size <= mostBegun) break;
      begun.delete(key);
    }
    this.#logged += 1;
    if (this.#sink === 'memory') for (const record of records) this.rows.push(...rowsOf(record, this.#owner));
    else if (this.#closing !== undefined) this.#late += 1;
    else this.#lease?.recorder.journal.append(...records);
  }

  async flush(): Promise<boolean> {
    if (this.#shipping !== undefined) return this.#shipping.flush();
    await this.#lease?.recorder.journal.sync().catch(() => undefined);
    return this.#sink !== 'database';
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#shipping?.finish();
    this.#lease?.release();
  }

  stats(): LedgerStats {
    const byClass = Object.values(this.#lease?.recorder.journal.stats().dropped ?? {});
    const dropped = byClass
      .flatMap((reasons) => Object.values(reasons))
      .reduce((sum, count) => sum + count, this.#late);
    const { shipped = 0, failures = 0 } = this.#shipping ?? {};
    return { logged: this.#logged, dropped, shipped, failures };
  }
}

const nobody = { instanceId: '', host: '', pid: process.pid, startedAt: 0 };

function placeOf({ requestHeaders }: Settings): LoggingPlace {
  let last = 0;
  return {
    sanitizer: sanitizer(),
    headers: requestHeaders.map((name) => name.toLowerCase()),
    traceId: createIdGenerator().generateTraceId(),
    begun: new Map(),
    now: () => {
      last = Math.max(last + 1, processClock().now());
      return last;
    },
  };
}
