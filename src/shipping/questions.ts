import pg from 'pg';
import type { SqlRow, Statement } from './sql-connection.ts';

/** The slice of `pg.Connection` that is used. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  parse(message: { text: string }): void;
  bind(message: object): void;
  describe(message: object): void;
  execute(message: object): void;
  close(message: object): void;
  sync(): void;
}

/** The slice of `pg.Query` that is used, beyond what its types tell. */
interface Reading {
  submit(wire: unknown): unknown;
  handleCommandComplete(message: unknown, wire: unknown): void;
  handleRowDescription(message: unknown): void;
  handleDataRow(message: unknown): void;
  handleReadyForQuery(wire: unknown): void;
  handleError(error: Error, wire: unknown): void;
}

type Callback = (error: Error | null, result: { readonly rows: readonly SqlRow[] }) => void;

/**
 * The settings of a transaction and the statements in it, in one round trip: all messages up to a Sync are one transaction, which the
 * server ends by itself, and which the first error ends. `settings` is a statement that returns no row; the statements after it are
 * already read under them. `types` has the parsers of cells.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
export class Questions implements pg.Submittable {
  readonly answers: Promise<readonly (readonly SqlRow[])[]>;
  readonly #settings: string;
  readonly #readings: Reading[] = [];
  /** The statement that is being answered; the settings come before the first. */
  #place = -1;

  constructor(settings: string, statements: readonly Statement[], types: unknown) {
    this.#settings = settings;
    this.answers = Promise.all(statements.map((statement) => this.#read(statement, types)));
  }

  #read({ sql, parameters }: Statement, types: unknown): Promise<readonly SqlRow[]> {
    return new Promise((resolve, reject) => {
      const callback: Callback = (error, result) => (error ? reject(error) : resolve(result.rows));
      const config = { text: sql, values: [...parameters], types, queryMode: 'extended', callback };
      this.#readings.push(new pg.Query(config as pg.QueryConfig) as unknown as Reading);
    });
  }

  submit(connection: pg.Connection): void {
    const wire = connection as unknown as Wire;
    wire.stream.cork();
    try {
      wire.parse({ text: this.#settings });
      wire.bind({});
      wire.execute({});
      const open = withoutSync(wire);
      for (const reading of this.#readings) reading.submit(open);
      wire.sync();
    } finally {
      wire.stream.uncork();
    }
  }

  handleCommandComplete(message: unknown, wire: unknown): void {
    this.#readings[this.#place]?.handleCommandComplete(message, wire);
    this.#place += 1;
  }

  handleEmptyQuery(): void {
    this.#place += 1;
  }

  handleRowDescription(message: unknown): void {
    this.#readings[this.#place]?.handleRowDescription(message);
  }

  handleDataRow(message: unknown): void {
    this.#readings[this.#place]?.handleDataRow(message);
  }

  handleReadyForQuery(wire: unknown): void {
    for (const reading of this.#readings) reading.handleReadyForQuery(wire);
  }

  handleError(error: Error, wire: unknown): void {
    for (const reading of this.#readings) reading.handleError(error, wire);
  }
}

/** `pg` ends each statement with a Sync; here one comes after all of them. */
function withoutSync(wire: Wire): object {
  return {
    stream: { cork: ignore, uncork: ignore },
    parsedStatements: {},
    submittedNamedStatements: {},
    parse: (message: { text: string }) => wire.parse(message),
    bind: (message: object) => wire.bind(message),
    describe: (message: object) => wire.describe(message),
    execute: (message: object) => wire.execute(message),
    close: (message: object) => wire.close(message),
    sync: ignore,
  };
}

function ignore(): void {}
