import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCliProcess } from '../cli/cli-process.ts';
import { scanRecords } from '../register/journalled-records.ts';
import { createFunctionApp, type FunctionApp } from './function-app.ts';

const root = join(import.meta.dirname, '..', '..');
const register = ['--import', pathToFileURL(join(root, 'dist', 'register', 'register.js')).href];
let app: FunctionApp;
beforeAll(() => {
  app = createFunctionApp();
});
afterAll(() => app.remove());

function run(flags: readonly string[], env: Readonly<Record<string, string>> = {}, script = 'main.mjs') {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(SPANLEDGER_|OTEL_|DATABASE_URL$|NODE_OPTIONS$|VITEST)/.test(name),
  );
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, script], {
    cwd: app.directory,
    env: { ...Object.fromEntries(inherited), ...env },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** How many steps of each name have ended, and whether all did well. */
async function endedSteps(): Promise<Readonly<Record<string, number>>> {
  const directory = join(app.directory, '.spanledger');
  const counts: Record<string, number> = {};
  for (const record of await scanRecords(directory)) {
    if (record.type !== 'end' || record.unit !== 'step') continue;
    const name = record.status === 'SUCCESS' ? (record.stepName ?? '') : `${record.stepName}: ${record.status}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  rmSync(directory, { recursive: true, force: true });
  return counts;
}

const everything = `instrument:
  - { module: cjs-lib, export: [default, helper, Queue.process, Queue.open, Queue.depth, Queue.all], as: step }
  - { module: esm-lib, export: [default, one, two], as: step }
  - { module: esm-lib/lib/store, export: 'Store.*', as: step }
  - { module: dual-lib, export: work, as: step }
  - { module: ts-lib, export: [start, Job.run], as: step }
  - { module: '@acme/mail', export: Mail.send, as: step }
  - { module: old-lib, export: default.run, as: step }
  - { module: './src/*.mjs', export: 'default.*', as: step }
  - { module: './src/**/*.mjs', export: deep, as: step }
  - { module: ./src/fn, export: default, as: step, name: 'fn {args[0]}' }
`;

const calls = {
  run: 1,
  helper: 1,
  'Queue.process': 2,
  'Queue.open': 1,
  'Queue.depth': 2,
  'Queue.all': 1,
  runAll: 1,
  one: 1,
  two: 1,
  'Store.save': 2,
  'Store.rows': 1,
  'Store.pages': 2,
  work: 2,
  start: 1,
  'Job.run': 2,
  'Mail.send': 1,
  'Old.run': 1,
  'Main.go': 2,
  'Main.make': 1,
  deep: 1,
  'fn 3': 1,
};

describe('functions that the configuration file names', () => {
  it('are recorded in packages and files of every kind, once for each call, and answer as before', {
    timeout: 120_000,
  }, async () => {
    app.configure(everything);
    const bare = run([]);
    expect(bare).toMatchObject({ status: 0, stderr: '' });
    expect(run(register)).toEqual(bare);
    expect(await endedSteps()).toEqual(calls);
  });

  it('are recorded in a worker thread, and count as matched', { timeout: 120_000 }, async () => {
    app.configure(everything);
    const bare = run([], {}, 'in-thread.mjs');
    expect(bare).toMatchObject({ status: 0, stderr: '', stdout: run([]).stdout });
    expect(run(register, {}, 'in-thread.mjs')).toEqual(bare);
    expect(await endedSteps()).toEqual(calls);
  });

  it('are recorded beside an SDK of the program, which has their spans too', { timeout: 120_000 }, async () => {
    app.configure(everything);
    const sdk = ['--import', pathToFileURL(join(root, 'test/register/fixtures/other-sdk.mjs')).href];
    const bare = run(sdk);
    const joined = run([...sdk, ...register]);
    const total = Object.values(calls).reduce((sum, count) => sum + count);
    expect(joined).toEqual({ ...bare, stdout: bare.stdout.replace('0 spans', `${total} spans`) });
    expect(await endedSteps()).toEqual(calls);
  });

  it('are told of one by one where an entry comes to nothing, with what was probably meant', {
    timeout: 120_000,
  }, async () => {
    app.configure(`instrument:
  - { module: cjs-lib, export: Queue.process, as: step }
  - { module: cjs-lib, export: Queue.process, as: task }
  - { module: cjs-lib, export: hepler, as: step }
  - { module: cjs-lib, export: Queue, as: step }
  - { module: cjs-lib, export: Queue.arrow, as: step }
  - { module: cjs-lib/lib/queues.js, export: Queue.open, as: step }
  - { module: cjs-lob, export: run, as: step }
  - { module: ./src/fm.cjs, export: default, as: step }
  - { module: './src/**/*.mjs', export: deap, as: step }
  - { module: ./src/legacy.cjs, export: late, as: step }
  - { module: ./main.ts, export: main, as: step }
  - { module: cjs-lib, export: helper, as: step, name: 'args[0].name' }
`);
    const command = [process.execPath, '--require', './preload.cjs', 'main.mjs'];
    const { output, code } = await runCliProcess(['doctor', '--json', '--seconds', '60', '--', ...command], {
      cwd: app.directory,
    });
    const told = output.split('\n').flatMap((line) => {
      const { module } = line === '' ? {} : JSON.parse(line);
      return /^spanledger\.yaml/.test(module?.instrumentation) ? [[module.module, module.status, module.note]] : [];
    });
    expect(Object.fromEntries(told.map(([module, status, note]) => [`${module}: ${status}`, note]))).toEqual({
      'Queue.process of cjs-lib: patched': 'step: Queue.process.',
      'Queue.process of cjs-lib: not recorded': expect.stringContaining('is recorded as step by spanledger.yaml:2'),
      'hepler of cjs-lib: not recorded': expect.stringContaining('did you mean helper?'),
      'Queue of cjs-lib: not recorded': expect.stringContaining('is a class: name its methods'),
      'Queue.arrow of cjs-lib: not recorded': expect.stringContaining('what each instance is given is not seen'),
      'Queue.open of cjs-lib/lib/queues.js: never matched': expect.stringContaining(
        'did you mean cjs-lib/lib/queue.js?',
      ),
      'run of cjs-lob: never matched': expect.stringContaining('did you mean cjs-lib?'),
      'default of ./src/fm.cjs: never matched': expect.stringContaining('did you mean fn.cjs?'),
      'deap of ./src/**/*.mjs: never matched': expect.stringContaining('did you mean deep?'),
      'late of ./src/legacy.cjs: not recorded': expect.stringContaining('make that the first --import'),
      'main of ./main.ts: never matched': expect.stringContaining('did you mean main.mjs?'),
      'helper of cjs-lib: wrong path': expect.stringContaining('spanledger.yaml:13: name: args[0].name gave nothing'),
    });
    expect(code).toBe(1);
  });
});
