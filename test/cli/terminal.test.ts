import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { createTerminal, isReaderGone } from '../../src/cli/terminal.ts';
import { recordedTerminal } from './recorded-terminal.ts';

it('answers go to the output, remarks to the errors', async () => {
  const { terminal, output, errors } = recordedTerminal();
  await terminal.line('answer');
  terminal.note('remark');
  await terminal.line();
  expect({ output: output(), errors: errors() }).toEqual({ output: 'answer\n\n', errors: 'remark\n' });
});

it('waits for a slow reader', async () => {
  const output = new PassThrough({ highWaterMark: 8 });
  const terminal = createTerminal(output, new PassThrough());
  let isWritten = false;
  const written = terminal.line('more than eight bytes').then(() => {
    isWritten = true;
  });
  await Promise.resolve();
  expect(isWritten).toBe(false);
  output.resume();
  await written;
});

it('rejects when the reader has gone, while it waits and afterwards', async () => {
  const output = new PassThrough({ highWaterMark: 8 });
  const terminal = createTerminal(output, new PassThrough());
  const written = terminal.line('more than eight bytes');
  output.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  await expect(written).rejects.toSatisfy(isReaderGone);
  await expect(terminal.line('again')).rejects.toSatisfy(isReaderGone);
});

it('colours only on a terminal that has them', () => {
  expect(recordedTerminal('plain').terminal.style('red', 'x')).toBe('x');
  expect(recordedTerminal('colors').terminal.style('red', 'x')).toBe('\u001b[31mx\u001b[39m');
});
