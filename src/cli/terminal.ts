import { once } from 'node:events';
import { styleText } from 'node:util';

/** Colours and weights that the listings use. */
export type Style = Parameters<typeof styleText>[0];

/** Where a command writes: answers to standard output, remarks to standard error. */
export interface Terminal {
  /** Somebody watches standard error: a progress bar makes sense. */
  readonly interactive: boolean;
  /**
   * Writes one line of the answer. Resolves when the reader has room for more; rejects when there is no reader any more,
   * so that a command ends in good order: `spanledger logs | head`.
   */
  line(text?: string): Promise<void>;
  /** Writes a remark that is not part of the answer. */
  note(text: string): void;
  /** The screen that answers are shown on; `undefined` where they go to a file or another program. */
  screen(): Screen | undefined;
  /** `text` in a style, or as it is where colours are off. */
  style(style: Style, text: string): string;
}

/** A screen that can be written anew. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  /** Writes text with whatever control sequences it holds. */
  write(text: string): void;
  /** Calls `listener` when the size changes, until the returned function is called. */
  onResize(listener: () => void): () => void;
}

/** The slice of a writable standard stream that is used. */
export interface OutputStream extends NodeJS.EventEmitter {
  write(text: string): boolean;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  hasColors?(): boolean;
}

/** A terminal on two streams. Colours need a terminal that has them and no `NO_COLOR`. */
export function createTerminal(output: OutputStream, errors: OutputStream): Terminal {
  const color = output.isTTY === true && output.hasColors?.() === true;
  let fault: Error | undefined;
  output.on('error', (error: Error) => {
    fault ??= error;
  });
  errors.on('error', () => undefined);
  return {
    interactive: errors.isTTY === true,
    async line(text = '') {
      if (fault !== undefined) throw fault;
      if (!output.write(`${text}\n`)) await once(output, 'drain');
    },
    note(text) {
      errors.write(`${text}\n`);
    },
    screen: () => (output.isTTY === true ? screenOf(output) : undefined),
    style: (style, text) => (color ? styleText(style, text, { validateStream: false }) : text),
  };
}

const usualColumns = 80;
const usualRows = 24;

function screenOf(output: OutputStream): Screen {
  return {
    columns: output.columns ?? usualColumns,
    rows: output.rows ?? usualRows,
    write: (text) => void output.write(text),
    onResize(listener) {
      output.on('resize', listener);
      return () => output.off('resize', listener);
    },
  };
}

/** Whether an error says that the reader of the output has gone. */
export function isReaderGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE';
}
