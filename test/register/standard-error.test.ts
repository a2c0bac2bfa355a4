import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
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
/** Standard error is a socket where Node.js has started the program, and a pipe where a shell has. */
const kinds = {
  socket: (flags: string) => [process.execPath, ...flags.split(' ')],
  pipe: (flags: string) => [
    'sh',
    '-c',
    `{ "${process.execPath}" ${flags} 2>&1 >&3 | { read line <&4; cat; }; } 3>&1 4<&0`,
  ],
} as const;

/** The program, with what is imported before it. */
function command(kind: keyof typeof kinds, imported: readonly string[], messages: number): readonly string[] {
  const flags = imported.map((name) => `--import ${name} `).join('');
  return kinds[kind](`${flags}${join(fixtures, 'diagnostics.mjs')} ${messages}`);
}

const recorded = ['spanledger/register'];
/** Of what we need: Node.js 24 sets standard error not to wait where an ES module imports one of these, and so do others that import them. */
const needed = ['node:util', '@opentelemetry/core', '@opentelemetry/resources'];

/** What becomes of the modes of the streams without us. */
async function modesWithout(kind: keyof typeof kinds): Promise<string> {
  const program = start(command(kind, needed, 0));
  program.stdin.end();
  const [said] = await Promise.all([text(program.stdout), once(program, 'close')]);
  expect(said).toMatch(/^(?:not )?waiting\n$/);
  return said;
}

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
    const modes = await modesWithout('socket');
    const program = start(command('socket', recorded, count), env);
    // Nothing is read here before the program has written all of it.
    const [said] = await once(program.stdout, 'data');
    expect(String(said)).toBe(modes);
    let told = '';
    program.stderr.setEncoding('utf8').on('data', (part: string) => {
      told += part;
    });
    while (!told.includes(`message ${count - 1} `)) await once(program.stderr, 'data');
    program.stdin.write('go\n');
    const [code] = await once(program, 'close');
    expect(code).toBe(5);
    const lines = told.trimEnd().split('\n');
    expect(lines.at(-1)).toBe('spanledger error: the last message');
    const dropped = [...told.matchAll(/^spanledger warning: (\d+) messages dropped: /gm)].map(([, number]) =>
      Number(number),
    );
    expect(dropped).not.toEqual([]);
    const written = lines.filter((line) => / message \d+ x{140}$/.test(line)).length;
    expect(dropped.reduce((sum, number) => sum + number, written)).toBe(count);
  });

  it('lets the program end, and that within a moment', async () => {
    const program = start(command('socket', recorded, count));
    await once(program.stdout, 'data');
    program.stdin.write('go\n');
    const [code] = await once(program, 'exit');
    expect(code).toBe(5);
  });

  it('does so where it is a pipe of a shell', async () => {
    const modes = await modesWithout('pipe');
    const program = start(command('pipe', recorded, count), { SPANLEDGER_WATCHDOG: 'off' });
    program.stderr.resume();
    const [said] = await once(program.stdout, 'data');
    expect(String(said)).toBe(modes);
    program.stdin.end();
    await once(program, 'close');
  });
});
