import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { correlationId } from '../../src/telemetry/correlation.ts';
import { clearCorrelationId, setCorrelationId } from '../../src/telemetry/correlation-here.ts';
import { withLogContext } from '../../src/telemetry/log-context.ts';

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
afterAll(() => context.disable());

it('sets the correlation id of the code that runs, through awaits, and of nothing beside it', async () => {
  const job = (id: string) =>
    withLogContext({}, async () => {
      setCorrelationId(id);
      await new Promise((resolve) => setImmediate(resolve));
      return correlationId();
    });
  expect(await Promise.all([job('one'), job('two')])).toEqual(['one', 'two']);
  expect(correlationId()).toBeUndefined();
});

it('makes an id where none is given, and takes it away again', () => {
  withLogContext({}, () => {
    const id = setCorrelationId();
    expect([id, correlationId()]).toEqual([expect.stringMatching(/^[0-9a-f]{12}$/), id]);
    clearCorrelationId();
    expect(correlationId()).toBeUndefined();
  });
});
