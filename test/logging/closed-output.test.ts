import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorkshop, type Program, type Workshop } from '../register/program.ts';

const fixture = (name: string) => join('..', '..', 'logging', 'fixtures', name);
const flag = ['--import', 'spanledger/register'];
let workshop: Workshop;
beforeAll(() => {
  workshop = createWorkshop();
});
afterAll(() => workshop.remove());

function start(way: string, count: number, flags: readonly string[]): Program {
  const program = workshop.start({ script: fixture('output.cjs'), parameters: [way, String(count)], flags });
  program.child.stdout?.pause();
  return program;
}

async function begun({ child, ended }: Program): Promise<void> {
  if (child.stderr !== null) await Promise.race([once(child.stderr, 'data'), ended]);
}

describe('a program whose standard output', () => {
  it.each(['write,console,winston', 'pino'])(
    'is full for a while writes the same bytes as without us, once somebody reads: %s',
    { timeout: 120_000 },
    async (ways) => {
      const outputs = [];
      for (const flags of [[], flag]) {
        const program = start(ways, 800, flags);
        await begun(program);
        program.child.stdout?.resume();
        const { code, stdout, stderr } = await program.ended;
        outputs.push({ code, stdout, stderr });
      }
      expect(outputs[0]).toMatchObject({ code: 0, stderr: 'begun\nended\n' });
      expect(outputs[0]?.stdout.length).toBeGreaterThan(160_000);
      const { stdout = '', ...end } = outputs[1] ?? {};
      expect(end).toEqual({ code: 0, stderr: 'begun\nended\n' });
      // Not compared line by line: the difference would be told in thousands of them.
      expect(stdout === outputs[0]?.stdout).toBe(true);
    },
  );

  it.each(['write', 'console', 'winston', 'pino'])(
    'is closed ends as without us: %s',
    { timeout: 120_000 },
    async (way) => {
      const ends = [];
      for (const flags of [[], flag]) {
        // More than any buffer on the way holds.
        const program = start(way, 20_000, flags);
        await begun(program);
        program.child.stdout?.destroy();
        const { code, signal, stderr } = await program.ended;
        ends.push({ code, signal, hasEnded: stderr.includes('ended'), isBroken: stderr.includes('EPIPE') });
      }
      expect(ends[1]).toEqual(ends[0]);
    },
  );

  it('is closed goes on where it writes with getLogger alone, and its lines are recorded', {
    timeout: 120_000,
  }, async () => {
    const program = start('own', 300, flag);
    await begun(program);
    program.child.stdout?.destroy();
    expect(await program.ended).toMatchObject({ code: 0, stderr: 'begun\nended\n' });
    const records = await workshop.records();
    const own = records.filter((record) => 'message' in record && /^\d+ x+$/.test(record.message));
    expect(own.length).toBeGreaterThanOrEqual(300);
  });
});

it('SPANLEDGER_LOG_SIGNAL switches getLogger to DEBUG, and back', { timeout: 120_000 }, async () => {
  const program = workshop.start({ script: fixture('signals.mjs'), env: { SPANLEDGER_LOG_SIGNAL: 'SIGUSR2' } });
  let output = '';
  program.child.stdout?.on('data', (text: string) => {
    output += text;
  });
  await program.said('ready');
  let line = 0;
  const isDebugHeard = async () => {
    line += 1;
    program.child.stdin?.write(`${line}\n`);
    await program.said(`info ${line}"`);
    return output.includes(`debug ${line}"`);
  };
  expect(await isDebugHeard()).toBe(false);
  // A signal comes in on a way of its own, some lines sooner or later.
  for (const expected of [true, false]) {
    program.child.kill('SIGUSR2');
    while ((await isDebugHeard()) !== expected);
  }
  program.child.stdin?.end();
  expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
});
