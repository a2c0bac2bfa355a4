import type { Socket } from 'node:net';
import type pg from 'pg';

/** The slice of `pg.Connection` that is used. */
interface Wire {
  readonly stream: Socket;
  query(text: string): void;
  endCopyFrom(): void;
}

/** Rows go in messages of this size, so that the server begins before it has them all. */
const messageBytes = 64 * 1024;
const copyDataCode = 'd'.charCodeAt(0);
const headBytes = 5;

/**
 * Statements in one query message, with the rows of their COPYs behind it, all written at once: the server finds the rows in its
 * socket when it asks for them, and this side has nothing to do until the end. After a failure the server skips what is left of the
 * message and the rows that still come, as the protocol says.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
export class CopyScript implements pg.Submittable {
  readonly done: Promise<void>;
  readonly #script: string;
  readonly #copies: readonly Uint8Array[];
  readonly #onAnswer: () => void;
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  /** `onAnswer` is called whenever the server says something. */
  constructor(script: string, copies: readonly Uint8Array[], onAnswer: () => void) {
    this.#script = script;
    this.#copies = copies;
    this.#onAnswer = onAnswer;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: pg.Connection): void {
    const wire = connection as unknown as Wire;
    wire.stream.cork();
    wire.query(this.#script);
    for (const rows of this.#copies) {
      writeRows(wire.stream, rows);
      wire.endCopyFrom();
    }
    wire.stream.uncork();
  }

  handleError(error: Error): void {
    this.#reject(error);
  }

  handleReadyForQuery(): void {
    this.#resolve();
  }

  handleCommandComplete(): void {
    this.#onAnswer();
  }

  handleRowDescription(): void {
    this.#onAnswer();
  }

  handleDataRow(): void {
    this.#onAnswer();
  }

  handleCopyInResponse(): void {
    this.#onAnswer();
  }

  handleEmptyQuery(): void {
    this.#onAnswer();
  }

  handlePortalSuspended(): void {
    this.#onAnswer();
  }

  handleCopyData(): void {
    this.#onAnswer();
  }
}

function writeRows(stream: Socket, rows: Uint8Array): void {
  for (let start = 0; start < rows.length; start += messageBytes) {
    const part = rows.subarray(start, start + messageBytes);
    const head = Buffer.allocUnsafe(headBytes);
    head[0] = copyDataCode;
    head.writeInt32BE(part.length + 4, 1);
    stream.write(head);
    stream.write(part);
  }
}
