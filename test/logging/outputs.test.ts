import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createRotatingFile } from '../../src/logging/rotating-file.ts';
import { createStandardOutput } from '../../src/logging/standard-output.ts';

const directory = mkdtempSync(join(tmpdir(), 'spanledger-logging-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it('rotates a file at its size, keeps so many, and loses no line of several writers', () => {
  const path = join(directory, 'deep', 'app.log');
  const writers = [1, 2].map(() => createRotatingFile({ path, maxBytes: 1000, kept: 4 }));
  const line = (number: number) => `${String(number).padStart(99, '0')}\n`;
  for (let number = 0; number < 40; number += 1) writers[number % 2]?.write(line(number));
  for (const writer of writers) writer.close();
  const files = readdirSync(join(directory, 'deep')).sort();
  expect(files).toEqual(['app.log', 'app.log.1', 'app.log.2', 'app.log.3']);
  const all = files.flatMap((file) =>
    readFileSync(join(directory, 'deep', file), 'utf8')
      .trim()
      .split('\n'),
  );
  expect(all.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, number) => number));
});

it('drops and counts lines for a file that cannot be written', () => {
  const output = createRotatingFile({ path: join('/dev/null', 'app.log') });
  output.write('one\n');
  expect(output.dropped()).toBe(1);
});

function createStream() {
  const listeners: ((error: Error) => void)[] = [];
  const written: string[] = [];
  return {
    written,
    writableLength: 0,
    writable: true,
    write: (text: string) => written.push(text),
    on: (_: 'error', listener: (error: Error) => void) => listeners.push(listener),
    fail: () => listeners.forEach((listener) => void listener(new Error('EPIPE'))),
  };
}

it('neither waits for a reader that is slow nor keeps without bound what it does not read', () => {
  const stream = createStream();
  const output = createStandardOutput(stream);
  output.write('one\n');
  stream.writableLength = 4 * 1024 * 1024;
  output.write('two\n');
  output.write('three\n');
  stream.writableLength = 0;
  output.write('four\n');
  expect(output.dropped()).toBe(2);
  expect(stream.written).toEqual(['one\n', expect.stringContaining('"dropped":2'), 'four\n']);
});

it('goes on when its reader has gone away', () => {
  const stream = createStream();
  const output = createStandardOutput(stream);
  output.write('one\n');
  stream.fail();
  output.write('two\n');
  expect([stream.written, output.dropped()]).toEqual([['one\n'], 1]);
});
