import { EventEmitter } from 'node:events';
import { createTerminal, type Terminal } from '../../src/cli/terminal.ts';

/** A real terminal over streams that keep what is written. */
export interface RecordedTerminal {
  readonly terminal: Terminal;
  output(): string;
  errors(): string;
}

/** `colors` makes the output a terminal that has them. */
export function recordedTerminal(kind: 'colors' | 'plain' = 'plain'): RecordedTerminal {
  const output = recordingStream(kind);
  const errors = recordingStream('plain');
  return { terminal: createTerminal(output, errors), output: output.text, errors: errors.text };
}

function recordingStream(kind: 'colors' | 'plain') {
  let written = '';
  const stream = {
    text: () => written,
    write(text: string) {
      written += text;
      return true;
    },
    ...(kind === 'colors' && { isTTY: true, hasColors: () => true }),
  };
  return Object.assign(new EventEmitter(), stream);
}
