import { expect, it } from 'vitest';
import type { FoundModule } from '../../src/instrument/module-report.ts';
import { withThreadModules } from '../../src/register/thread-modules.ts';

const entry = (status: FoundModule['status']): FoundModule => ({
  module: 'run of ./lib.js',
  instrumentation: 'spanledger.yaml:2',
  status,
});
const koa: FoundModule = { module: 'koa', file: '/app/node_modules/koa', status: 'patched' };

it('what a worker thread has matched was not matched by none', () => {
  expect(withThreadModules([koa, entry('never matched')], [entry('patched')])).toEqual([koa, entry('patched')]);
  expect(withThreadModules([entry('never matched')], [entry('never matched')])).toEqual([entry('never matched')]);
});

it('what the main thread has patched stays as it is, and what only a thread has is added', () => {
  const other = { ...koa, file: '/app/worker/node_modules/koa' };
  expect(
    withThreadModules([koa, entry('patched')], [{ ...koa, status: 'failed' }, entry('never matched'), other]),
  ).toEqual([koa, entry('patched'), other]);
});
