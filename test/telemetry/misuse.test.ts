import { describe, expect, test } from 'vitest';
import {
  batch,
  importSession,
  openSession,
  SpanledgerError,
  step,
  waitFor,
  withItem,
  withLogContext,
} from '../../src/index.ts';

/** Calls as programs without types make them. */
type Untyped = (...parameters: readonly unknown[]) => unknown;

const faultOf = async (fn: unknown, ...parameters: readonly unknown[]): Promise<SpanledgerError> => {
  const error: unknown = await (async () => (fn as Untyped)(...parameters))().then(
    (value) => new Error(`It returned ${String(value)}.`),
    (reason: unknown) => reason,
  );
  if (error instanceof SpanledgerError) return error;
  throw error;
};

describe('a call without its function says so', () => {
  test.each([
    [
      'importSession',
      importSession,
      [{ id: 'a' }],
      'importSession takes a function as its second argument; it was given nothing.',
    ],
    [
      'importSession with swapped arguments',
      importSession,
      [() => undefined, { id: 'a' }],
      'importSession takes an object of options; it was given a function.',
    ],
    [
      'importSession without anything',
      importSession,
      [],
      'importSession takes an object of options; it was given nothing.',
    ],
    ['openSession', openSession, ['a'], 'openSession takes an object of options; it was given a string.'],
    ['step', step, ['copy'], 'step takes a function as its second argument; it was given nothing.'],
    [
      'step with swapped arguments',
      step,
      ['copy', { task: 'x' }],
      'step takes a function as its second argument; it was given an object.',
    ],
    ['batch', batch, ['copy', { index: 0 }], 'batch takes a function as its third argument; it was given nothing.'],
    [
      'withLogContext',
      withLogContext,
      [{ a: 1 }],
      'withLogContext takes a function as its second argument; it was given nothing.',
    ],
    [
      'withItem',
      withItem,
      [{ itemId: '1', sessionId: '2' }, null],
      'withItem takes a function as its second argument; it was given null.',
    ],
  ])('%s', async (_, call, parameters, message) => {
    const fault = await faultOf(call, ...parameters);
    expect(fault).toMatchObject({ code: 'SPANLEDGER_ARGUMENT_INVALID', message });
    expect(fault.action).toMatch(/types of spanledger/);
  });

  test('each, before any item is judged by it', async () => {
    await importSession({ id: 'misused-each' }, async (session) => {
      const noOptions = await faultOf(session.each.bind(session), [1, 2], () => undefined);
      const noId = await faultOf(session.each.bind(session), [1, 2], {}, () => undefined);
      const noList = await faultOf(session.each.bind(session), 5, { id: String }, () => undefined);
      const nothing = await faultOf(session.each.bind(session), undefined, { id: String }, () => undefined);
      const noBlock = await faultOf(session.each.bind(session), [1, 2], { id: String });
      expect(noOptions.message).toBe('each takes an object of options; it was given a function.');
      expect(noId.message).toBe('each takes a function as the member id of its options; it was given nothing.');
      expect(noBlock.message).toBe('each takes a function as its third argument; it was given nothing.');
      const expected = 'each takes something to iterate over as its first argument; it was given';
      expect(noList.message).toBe(`${expected} a number.`);
      expect(nothing.message).toBe(`${expected} nothing.`);
      expect(session.counts.total).toBe(0);
    });
  });
});

describe('an id that is no text', () => {
  test.each([
    [7, 'The session id 7 cannot be used: it is a number (write String(id)), not a string.'],
    [7n, 'The session id 7 cannot be used: it is a bigint (write String(id)), not a string.'],
    [undefined, 'The session id undefined cannot be used: it is missing, not a string.'],
    [{ a: 1 }, 'The session id {…} cannot be used: it is an object, not a string.'],
    [true, 'The session id true cannot be used: it is a boolean, not a string.'],
  ])('is told with its value: %s', async (id, message) => {
    const fault = await faultOf(importSession, { id }, () => undefined);
    expect(fault.code).toBe('SPANLEDGER_INVALID_ID');
    expect(fault.message).toContain(message);
  });
});

test.each([
  [{ seconds: -1 }, '{"seconds":-1} is no time to wait for.'],
  [undefined, 'undefined is no time to wait for.'],
  ['5s', '5s is no time to wait for.'],
  [new Date('never'), 'Invalid Date is no time to wait for.'],
])('a time that cannot be waited for is told as it was given: %s', async (time, message) => {
  expect(await faultOf(waitFor, time)).toMatchObject({ code: 'SPANLEDGER_INVALID_DURATION', message });
});
