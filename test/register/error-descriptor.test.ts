import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createErrorDescriptor } from '../../src/register/error-descriptor.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'spanledger-stderr-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const never = () => {
  throw new Error('This has no need of the main thread.');
};
const bytes = Buffer.alloc(1000, 'x');

// Elsewhere pipes are written to through what Node.js has made of them: see the tests of real programs.
describe.runIf(process.platform === 'linux')('a pipe that its owner writes to with waiting', () => {
  /** A pipe with both its ends. */
  function pipe() {
    const path = join(directory, 'pipe');
    execFileSync('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return { reader, writer: openSync(path, 'w') };
  }

  it('takes what it has room for, and does not make anybody wait', () => {
    const { reader, writer } = pipe();
    const descriptor = createErrorDescriptor(never, writer);
    expect(descriptor.mayNeedMainThread()).toBe(false);
    let total = 0;
    for (;;) {
      const attempt = descriptor.attempt(bytes);
      if (attempt.status !== 'taken' || attempt.bytes === 0) {
        expect(attempt).toEqual({ status: 'taken', bytes: 0 });
        break;
      }
      total += attempt.bytes;
    }
    let read = 0;
    while (read < total) read += readSync(reader, Buffer.alloc(65_536));
    expect(read).toBe(total);
    expect(descriptor.attempt(bytes)).toEqual({ status: 'taken', bytes: 1000 });
    closeSync(reader);
    closeSync(writer);
  });

  it('still makes its owner wait', () => {
    const { reader, writer } = pipe();
    createErrorDescriptor(never, writer).attempt(bytes);
    const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${writer}`, 'utf8'))?.[1] ?? '';
    expect(Number.parseInt(flags, 8) & constants.O_NONBLOCK).toBe(0);
    closeSync(reader);
    closeSync(writer);
  });

  it('is given up where nobody reads it', () => {
    const { reader, writer } = pipe();
    closeSync(reader);
    expect(createErrorDescriptor(never, writer).attempt(bytes)).toEqual({ status: 'closed' });
    closeSync(writer);
  });
});

describe('a file', () => {
  it('takes everything, behind what its owner wrote', () => {
    const path = join(directory, 'file');
    const file = openSync(path, 'w');
    const descriptor = createErrorDescriptor(never, file);
    for (const text of ['one', 'two']) descriptor.attempt(Buffer.from(text));
    expect(readFileSync(path, 'utf8')).toBe('onetwo');
    closeSync(file);
    expect(descriptor.attempt(bytes)).toEqual({ status: 'closed' });
  });
});
