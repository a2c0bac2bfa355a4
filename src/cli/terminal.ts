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
  /** `text` in a style, or as it is where colours are off. */
  style(style: Style, text: string): string;
}

/** The slice of a writable standard stream that is used. */
export interface OutputStream extends NodeJS.EventEmitter {
  write(text: string): boolean;
  readonly isTTY?: boolean;
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
    style: (style, text) => (color ? styleText(style, text, { validateStream: false }) : text),
  };
}

/** Whether an error says that the reader of the output has gone. */
export function isReaderGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE';
}
