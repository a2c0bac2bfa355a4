import { once } from 'node:events';
import { styleText } from 'node:util';

/** Colours and weights that the listings use. */
export type Style = Parameters<typeof styleText>[0];

/** Where a command writes: answers to standard output, remarks to standard error. */
export interface Terminal {
  /** Columns, or undefined where the output is not a terminal and nothing needs to be cut. */
  readonly width: number | undefined;
  /** Somebody watches standard error: a progress bar makes sense. */
  readonly interactive: boolean;
  /** Writes one line of the answer. Resolves when the reader has room for more. */
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
  readonly columns?: number;
  hasColors?(): boolean;
}

/** A terminal on two streams. Colours need a terminal that has them and no `NO_COLOR`. */
export function createTerminal(output: OutputStream, errors: OutputStream): Terminal {
  const color = output.isTTY === true && output.hasColors?.() === true;
  return {
    width: output.isTTY === true ? output.columns : undefined,
    interactive: errors.isTTY === true,
    async line(text = '') {
      if (!output.write(`${text}\n`)) await once(output, 'drain');
    },
    note(text) {
      errors.write(`${text}\n`);
    },
    style: (style, text) => (color ? styleText(style, text, { validateStream: false }) : text),
  };
}
