import { EventEmitter } from 'node:events';
import { createTerminal, type Terminal } from '../../src/cli/terminal.ts';

/** A real terminal over streams that keep what is written. */
export interface RecordedTerminal {
  readonly terminal: Terminal;
  output(): string;
  errors(): string;
}

/** `tty` makes the output a terminal with colours and that many columns. */
export function recordedTerminal(tty?: { readonly columns: number }): RecordedTerminal {
  const output = recordingStream(tty);
  const errors = recordingStream(undefined);
  return { terminal: createTerminal(output, errors), output: output.text, errors: errors.text };
}

function recordingStream(tty: { readonly columns: number } | undefined) {
  let written = '';
  const stream = {
    text: () => written,
    write(text: string) {
      written += text;
      return true;
    },
    ...(tty !== undefined && { isTTY: true, columns: tty.columns, hasColors: () => true }),
  };
  return Object.assign(new EventEmitter(), stream);
}
