import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let directory: string;
let child: ChildProcess | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'spanledger-stderr-'));
});
afterEach(async () => {
  if (child?.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
});

const fixtures = join(import.meta.dirname, 'fixtures');
const count = 5_000;
const flags = `--import spanledger/register ${join(fixtures, 'diagnostics.mjs')} ${count}`;

/** Standard error is a socket where Node.js has started the program, and a pipe where a shell has. */
const kinds = {
  socket: [process.execPath, ...flags.split(' ')],
  pipe: ['sh', '-c', `{ "${process.execPath}" ${flags} 2>&1 >&3 | { read line <&4; cat; }; } 3>&1 4<&0`],
} as const;

function start([command, ...parameters]: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const started = spawn(command ?? '', parameters, {
    cwd: fixtures,
    env: { PATH: process.env.PATH, SPANLEDGER_DIR: join(directory, 'ledger'), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child = started;
  started.stdin.on('error', () => undefined);
  return started;
}

describe.runIf(process.platform === 'linux')('standard error that nobody reads', () => {
  it.each([
    ['with threads', {}],
    ['without', { SPANLEDGER_WATCHDOG: 'off' }],
  ])('does not hold up the program, and has what came last when somebody does (%s)', async (_, env) => {
    const program = start(kinds.socket, env);
    // Nothing is read here before the program has written all of it.
    const [said] = await once(program.stdout, 'data');
    expect(String(said)).toBe('waiting\n');
    let text = '';
    program.stderr.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    while (!text.includes(`message ${count - 1} `)) await once(program.stderr, 'data');
    program.stdin.write('go\n');
    const [code] = await once(program, 'close');
    expect(code).toBe(5);
    const lines = text.trimEnd().split('\n');
    expect(lines.at(-1)).toBe('spanledger error: the last message');
    const dropped = /^spanledger warning: (\d+) messages dropped: /m.exec(text)?.[1];
    expect(lines.filter((line) => / message \d+ x{140}$/.test(line)).length + Number(dropped)).toBe(count);
  });

  it('lets the program end, and that within a moment', async () => {
    const program = start(kinds.socket);
    await once(program.stdout, 'data');
    program.stdin.write('go\n');
    const [code] = await once(program, 'exit');
    expect(code).toBe(5);
  });

  it('does so where it is a pipe of a shell', async () => {
    const program = start(kinds.pipe, { SPANLEDGER_WATCHDOG: 'off' });
    program.stderr.resume();
    const [said] = await once(program.stdout, 'data');
    expect(String(said)).toBe('waiting\n');
    program.stdin.end();
    await once(program, 'close');
  });
});
