import pg from 'pg';

/** The slice of `pg.Connection` that is used. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  parse(message: { text: string }): void;
  bind(message: object): void;
  execute(message: object): void;
}

/** The slice of `pg.Query` that is used, beyond what its types tell. */
interface Reading extends pg.Submittable {
  handleCommandComplete(message: unknown, connection: unknown): void;
  handleRowDescription(message: unknown): void;
  handleDataRow(message: unknown): void;
  handleReadyForQuery(connection: unknown): void;
  handleError(error: Error, connection: unknown): void;
  handleEmptyQuery(connection: unknown): void;
}

type Answer = (error: Error | null, result: { readonly rows: readonly unknown[] }) => void;

/** A statement with its parameters, and the parsers of its cells. */
export interface QuestionConfig {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly types: unknown;
}

/**
 * The settings of a transaction and one statement in it, in one round trip: all messages up to a Sync are one transaction, which the
 * server ends by itself. `settings` is a statement that returns no row; the statement after it is already read under them.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
export class Question implements pg.Submittable {
  readonly rows: Promise<readonly unknown[]>;
  readonly #settings: string;
  readonly #reading: Reading;
  #isSet = false;

  constructor(settings: string, config: QuestionConfig) {
    this.#settings = settings;
    let answer: Answer = () => undefined;
    this.rows = new Promise((resolve, reject) => {
      answer = (error, result) => (error ? reject(error) : resolve(result.rows));
    });
    const extended = { ...config, values: [...config.values], queryMode: 'extended', callback: answer };
    this.#reading = new pg.Query(extended as pg.QueryConfig) as unknown as Reading;
  }

  submit(connection: pg.Connection): void {
    const wire = connection as unknown as Wire;
    wire.stream.cork();
    try {
      wire.parse({ text: this.#settings });
      wire.bind({});
      wire.execute({});
      this.#reading.submit(connection);
    } finally {
      wire.stream.uncork();
    }
  }

  handleCommandComplete(message: unknown, connection: unknown): void {
    if (this.#isSet) this.#reading.handleCommandComplete(message, connection);
    this.#isSet = true;
  }

  handleRowDescription(message: unknown): void {
    this.#reading.handleRowDescription(message);
  }

  handleDataRow(message: unknown): void {
    this.#reading.handleDataRow(message);
  }

  handleReadyForQuery(connection: unknown): void {
    this.#reading.handleReadyForQuery(connection);
  }

  handleError(error: Error, connection: unknown): void {
    this.#reading.handleError(error, connection);
  }

  handleEmptyQuery(connection: unknown): void {
    this.#reading.handleEmptyQuery(connection);
  }
}
