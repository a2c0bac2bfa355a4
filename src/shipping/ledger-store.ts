import { SpanledgerError } from '../domain/errors.ts';
import type { Row } from '../projection/tables.ts';
import { isForbidden, isUnreachable, remedyFor } from './connection-trouble.ts';
import { FreshRows } from './fresh-rows.ts';
import { type HeartbeatStatement, heartbeatStatement } from './heartbeat-sql.ts';
import { parseSchemaName } from './identifier.ts';
import { createMigrator, currentMigration, type Migrator } from './migrate.ts';
import { latestMigration } from './migrations.ts';
import { createPartitionMaker, type PartitionMaker } from './partition-maker.ts';
import { partitionNeeds } from './partition-months.ts';
import { type EncodedRows, type EncodedTable, encodeRows } from './row-encoding.ts';
import { type ShipStatements, shipStatements } from './ship-statements.ts';
import { ElsewhereError, OutOfTurnError, shipInTransaction } from './ship-transaction.ts';
import type { SqlDatabase, SqlRow, Statement } from './sql-connection.ts';
import { type DatabaseFailure, toDatabaseFailure } from './sql-state.ts';
import type { LedgerStore, Shipment, ShipResult } from './store.ts';

/** A store whose database can be reached for more than the ledger: migrations, retention, imports. */
export interface SqlLedgerStore extends LedgerStore {
  readonly database: SqlDatabase;
  readonly schema: string;
  readonly migrator: Migrator;
  readonly partitions: PartitionMaker;
  /** Answers several statements in one read-only transaction, in one round trip where the database can: `[rows of the first, …]`. */
  queries<T extends readonly SqlRow[]>(statements: StatementsOf<T>): Promise<AnswersOf<T>>;
  /** What `error` means, credentials taken out of its message. */
  failure(error: unknown): Promise<DatabaseFailure>;
  /** An error in our words where we know better than the database: it cannot be reached, it refuses, or the schema is not there. */
  explained(error: unknown): Promise<unknown>;
}

/** As many statements as there are kinds of rows in `T`. */
export type StatementsOf<T extends readonly SqlRow[]> = { readonly [K in keyof T]: Statement };
/** Rows of each kind in `T`. */
export type AnswersOf<T extends readonly SqlRow[]> = { readonly [K in keyof T]: readonly T[K][] };

export interface LedgerStoreOptions {
  readonly database: SqlDatabase;
  readonly schema: string;
  readonly description: string;
  readonly overlaps?: boolean;
  /** Microseconds since the epoch. */
  readonly now: () => number;
  /** Takes credentials out of a message. */
  readonly conceal?: (text: string) => string;
  readonly close: () => Promise<void>;
}

/** A unique key that is there already. */
const doubleKeyCode = '23505';
/** How often a shipment is tried at once when another transaction is in its way. */
const conflictTries = 5;

/** The ledger in an SQL database. What is particular to a database is behind `SqlDatabase`. */
export function createLedgerStore(options: LedgerStoreOptions): SqlLedgerStore {
  return new DatabaseLedgerStore(options);
}

class DatabaseLedgerStore implements SqlLedgerStore {
  readonly description: string;
  readonly overlaps: boolean;
  readonly database: SqlDatabase;
  readonly schema: string;
  readonly migrator: Migrator;
  readonly partitions: PartitionMaker;
  readonly #options: LedgerStoreOptions;
  readonly #statements: ShipStatements;
  readonly #heartbeat: HeartbeatStatement;
  readonly #fresh = new FreshRows();

  constructor(options: LedgerStoreOptions) {
    this.#options = options;
    this.description = options.description;
    this.overlaps = options.overlaps ?? false;
    this.database = options.database;
    this.schema = parseSchemaName(options.schema);
    this.migrator = createMigrator(options.database, this.schema);
    this.partitions = createPartitionMaker(options.database, this.schema, options.now);
    this.#statements = shipStatements(this.schema, latestMigration());
    this.#heartbeat = heartbeatStatement(this.schema);
  }

  async offset(instanceId: string, segment: string): Promise<number> {
    const rows = await this.query<{ end_offset: number }>(this.#statements.offset, [instanceId, segment]);
    return rows[0]?.end_offset ?? 0;
  }

  async ship(shipment: Shipment): Promise<ShipResult> {
    let encoded: EncodedRows;
    try {
      encoded = shipment.encoded ?? encodeShipment(shipment.rows);
    } catch (error) {
      return toResult(toDatabaseFailure(error));
    }
    let parts = this.#fresh.judge(encoded.tables);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.partitions.make(encoded.needs);
        return await this.#store(shipment, parts);
      } catch (error) {
        const failure = await this.failure(error);
        if (failure.code === doubleKeyCode && parts.some(({ isFresh }) => isFresh)) parts = this.#fresh.mistaken(parts);
        else if (failure.kind !== 'conflict' || attempt === conflictTries) return toResult(failure);
      }
    }
  }

  async heartbeat(heartbeat: Parameters<LedgerStore['heartbeat']>[0]): Promise<boolean> {
    const { sql, parameters } = this.#heartbeat;
    try {
      await this.database.transaction((connection) => connection.query(sql, parameters(heartbeat)));
      return true;
    } catch {
      return false;
    }
  }

  async query<T extends SqlRow>(sql: string, parameters: readonly unknown[] = []): Promise<readonly T[]> {
    const [rows] = await this.queries<[T]>([{ sql, parameters }]);
    return rows;
  }

  async queries<T extends readonly SqlRow[]>(statements: StatementsOf<T>): Promise<AnswersOf<T>> {
    const { database, schema } = this;
    try {
      if (database.ask !== undefined) return (await database.ask(schema, statements)) as AnswersOf<T>;
      const answers: (readonly SqlRow[])[] = [];
      await database.transaction(
        async (connection) => {
          for (const { sql, parameters } of statements) answers.push(await connection.query(sql, parameters));
        },
        { readOnly: true, schema },
      );
      return answers as AnswersOf<T>;
    } catch (error) {
      throw await this.explained(error);
    }
  }

  close(): Promise<void> {
    return this.#options.close();
  }

  async #store(shipment: Shipment, parts: readonly EncodedTable[]): Promise<ShipResult> {
    const now = this.#options.now();
    try {
      await this.database.transaction((connection) =>
        shipInTransaction(connection, this.#statements, { shipment, parts, now }),
      );
      return { status: 'stored', offset: shipment.to };
    } catch (error) {
      if (error instanceof ElsewhereError) return { status: 'elsewhere', offset: error.offset };
      if (error instanceof OutOfTurnError) return { status: 'out-of-turn' };
      throw error;
    }
  }

  async failure(error: unknown): Promise<DatabaseFailure> {
    const explained = await this.explained(error);
    const failure = toDatabaseFailure(error);
    if (!(explained instanceof SpanledgerError)) return { ...failure, message: this.#conceal(failure.message) };
    const { message, action } = explained;
    const isOfDriver = explained !== error && explained.code === 'SPANLEDGER_DATABASE_UNREACHABLE';
    if (isOfDriver) return { ...failure, message: this.#conceal(failure.message), action };
    return { kind: 'unavailable', code: explained.code.replace('SPANLEDGER_', ''), message, action };
  }

  async explained(error: unknown): Promise<unknown> {
    if (error instanceof SpanledgerError) return error;
    const { code } = toDatabaseFailure(error);
    if (!isMissingObject(code)) return this.#told(error);
    try {
      const found = await this.database.transaction((connection) => currentMigration(connection, this.schema));
      const details = { database: this.description, schema: this.schema };
      return found === 0 ? new SpanledgerError('SCHEMA_MISSING', { details, cause: error }) : error;
    } catch (reason) {
      // Names are not looked up in a schema that one may not use, so that its tables seem to be missing.
      const told = this.#told(reason);
      return told === reason ? error : told;
    }
  }

  #told(error: unknown): unknown {
    const { code, message } = toDatabaseFailure(error);
    const isRefusal = isForbidden(code, message);
    if (!isRefusal && !isUnreachable(code)) return error;
    const known = isRefusal ? 'DATABASE_FORBIDDEN' : 'DATABASE_UNREACHABLE';
    const details = { database: this.description, why: this.#conceal(message), remedy: remedyFor(code, message) };
    return new SpanledgerError(known, { details });
  }

  #conceal(text: string): string {
    return this.#options.conceal?.(text) ?? text;
  }
}

function encodeShipment(rows: readonly Row[]): EncodedRows {
  return { tables: encodeRows(rows), needs: partitionNeeds(rows) };
}

function toResult({ kind, ...failure }: DatabaseFailure): ShipResult {
  return { status: kind === 'refused' ? 'refused' : 'unavailable', ...failure };
}

function isMissingObject(code: string): boolean {
  return code === '3F000' || code === '42P01' || code === '42883';
}
