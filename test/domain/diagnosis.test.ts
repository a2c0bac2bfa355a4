import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { diagnose, ErrorHandler } from '../../src/domain/diagnosis.ts';
import {
  type ErrorPattern,
  errorCategories,
  errorPatternKeys,
  errorPatterns,
} from '../../src/domain/diagnosis-patterns.ts';
import { SpanledgerError } from '../../src/domain/errors.ts';
import { createSessionStateMachine } from '../../src/domain/state-machine.ts';

const coded = (code: string, more: object = {}): Error =>
  Object.assign(new Error(`${code}: it happened`), { code, ...more });

function databaseError(code: string): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError('it happened', 100, 'error'), { code, severity: 'ERROR' });
}

async function rejection(act: () => unknown): Promise<unknown> {
  try {
    await act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

const answer = (error: unknown) => {
  const { category, severity, isRetryable } = diagnose(error);
  return [category, severity, isRetryable];
};

describe('diagnosis by code', () => {
  it.each([
    ['ENOENT', 'file_not_found', 'medium', false],
    ['ENOTDIR', 'file_not_found', 'medium', false],
    ['EACCES', 'permission_denied', 'high', false],
    ['EPERM', 'permission_denied', 'high', false],
    ['EROFS', 'permission_denied', 'high', false],
    ['ENOSPC', 'disk_space', 'critical', true],
    ['EDQUOT', 'disk_quota', 'high', true],
    ['EIO', 'io_error', 'critical', true],
    ['EMFILE', 'fd_limit', 'high', true],
    ['ENFILE', 'fd_limit', 'high', true],
    ['EEXIST', 'duplicate', 'low', false],
    ['EISDIR', 'invalid_format', 'low', false],
    ['EXDEV', 'io_error', 'medium', false],
    ['EBUSY', 'permission_denied', 'medium', true],
    ['ECONNREFUSED', 'network_error', 'medium', true],
    ['ECONNRESET', 'network_error', 'medium', true],
    ['EPIPE', 'network_error', 'medium', true],
    ['ETIMEDOUT', 'network_error', 'medium', true],
    ['EHOSTUNREACH', 'network_error', 'medium', true],
    ['ENETUNREACH', 'network_error', 'medium', true],
    ['ENOTFOUND', 'network_error', 'medium', true],
    ['EAI_AGAIN', 'network_error', 'medium', true],
    ['UND_ERR_CONNECT_TIMEOUT', 'network_error', 'medium', true],
    ['UND_ERR_SOCKET', 'network_error', 'medium', true],
    ['UND_ERR_HEADERS_TIMEOUT', 'timeout', 'medium', true],
    ['UND_ERR_BODY_TIMEOUT', 'timeout', 'medium', true],
    ['ABORT_ERR', 'aborted', 'low', false],
    ['Z_DATA_ERROR', 'corrupt_file', 'high', false],
  ])('S1.25 takes %s for %s, %s, retryable %s', (code, category, severity, isRetryable) => {
    expect(answer(coded(code))).toEqual([category, severity, isRetryable]);
  });

  it('S1.25 takes a full table of file watches for a limit, not for a full disk', () => {
    expect(diagnose(coded('ENOSPC', { syscall: 'watch' })).category).toBe('fd_limit');
    expect(diagnose(coded('ENOSPC', { syscall: 'write' })).category).toBe('disk_space');
  });
});

describe('diagnosis by SQLSTATE', () => {
  it.each([
    ['22P02', 'invalid_format', 'medium', false],
    ['23505', 'db_error', 'high', false],
    ['23503', 'db_error', 'high', false],
    ['40P01', 'db_conflict', 'medium', true],
    ['40001', 'db_conflict', 'medium', true],
    ['55P03', 'db_conflict', 'medium', true],
    ['08006', 'network_error', 'high', true],
    ['57P01', 'network_error', 'high', true],
    ['57P03', 'network_error', 'high', true],
    ['53300', 'network_error', 'high', true],
    ['53100', 'disk_space', 'high', true],
    ['57014', 'timeout', 'medium', true],
    ['42501', 'permission_denied', 'high', false],
    ['42P01', 'db_error', 'high', false],
  ])('S1.25 takes %s for %s, %s, retryable %s', (state, category, severity, isRetryable) => {
    expect(answer(databaseError(state))).toEqual([category, severity, isRetryable]);
  });

  it('S1.25 marks a broken unique rule as a duplicate, other broken rules not', () => {
    expect(diagnose(databaseError('23505')).isDuplicate).toBe(true);
    expect(diagnose(databaseError('23503')).isDuplicate).toBe(false);
    expect(diagnose(coded('EEXIST')).isDuplicate).toBe(true);
  });

  it('does not take five characters for a SQLSTATE where nothing else speaks of a database', () => {
    expect(diagnose(coded('23505')).category).toBe('unknown');
    expect(diagnose(databaseError('EPERM')).category).toBe('permission_denied');
  });

  it('names the constraint and the table', () => {
    const { recommendedActions } = ErrorHandler.database(
      Object.assign(databaseError('23505'), { constraint: 'files_sha256_key', table: 'files' }),
    );
    expect(recommendedActions.slice(0, 2)).toEqual([
      'Name the constraint (files_sha256_key) and the key that breaks it.',
      'Look for doubles in files.',
    ]);
  });
});

describe('diagnosis by HTTP status', () => {
  it.each([
    [401, 'permission_denied', 'high', false],
    [403, 'permission_denied', 'high', false],
    [404, 'file_not_found', 'medium', false],
    [410, 'file_not_found', 'medium', false],
    [429, 'rate_limited', 'medium', true],
    [500, 'network_error', 'medium', true],
    [503, 'network_error', 'medium', true],
    [599, 'network_error', 'medium', true],
  ])('S1.25 takes %i for %s, %s, retryable %s', (status, category, severity, isRetryable) => {
    for (const shape of [{ status }, { statusCode: status }, { response: { status } }]) {
      expect(answer(Object.assign(new Error('refused'), shape))).toEqual([category, severity, isRetryable]);
    }
  });

  it('reads the wait that the remote side asks for, and keeps the beginning of its answer', () => {
    const response = { status: 429, headers: new Headers({ 'Retry-After': '17' }), body: 'slow down '.repeat(1000) };
    const { retryAfterSeconds, remoteBody } = diagnose(Object.assign(new Error('429'), { response }));
    expect([retryAfterSeconds, remoteBody?.length]).toEqual([17, 2000]);
  });

  it('does not take the exit status of a process for an HTTP status', () => {
    expect(diagnose(Object.assign(new Error('failed'), { status: 127 })).category).toBe('unknown');
  });
});

describe('diagnosis of errors as Node raises them', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spanledger-diagnosis-'));
    await writeFile(join(folder, 'file'), 'x');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('S1.22 finds a missing file, and speaks of its path', async () => {
    const path = join(folder, 'absent');
    const diagnosis = ErrorHandler.file(await rejection(() => readFile(path)), path, 'read');
    expect(diagnosis.summary).toBe(`File not found during read: ENOENT: no such file or directory, open '${path}'`);
    expect(diagnosis.recommendedActions[0]).toBe(`List the parent folder of ${path}.`);
    expect(diagnosis).toMatchObject({ evidence: 'code ENOENT', estimatedFixTime: 'minutes', parameters: { path } });
    expect(diagnosis.relatedDocs).toContain('docs/errors.md#file_not_found');
  });

  it('finds a folder where a file was expected, and a file where a folder was', async () => {
    expect(diagnose(await rejection(() => readFile(folder))).key).toBe('is_directory');
    expect(diagnose(await rejection(() => readFile(join(folder, 'file', 'below')))).category).toBe('file_not_found');
  });

  it('S1.25 finds a refused connection behind a failed fetch', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const error = await rejection(() => fetch(`http://127.0.0.1:${port}/`));
    expect(error).toBeInstanceOf(TypeError);
    const { category, isRetryable, summary } = diagnose(error);
    expect([category, isRetryable]).toEqual(['network_error', true]);
    expect(summary).toContain('ECONNREFUSED');
  });

  it('S1.25 tells a deadline from a stop on purpose', async () => {
    const deadline = AbortSignal.abort(new DOMException('late', 'TimeoutError'));
    const late = await rejection(() => deadline.throwIfAborted());
    const wrapped = await rejection(() => wait(60_000, undefined, { signal: deadline }));
    const stopped = await rejection(() => wait(60_000, undefined, { signal: AbortSignal.abort() }));
    expect(wrapped).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
    expect([late, wrapped, stopped].map((error) => diagnose(error).category)).toEqual([
      'timeout',
      'timeout',
      'aborted',
    ]);
  });

  it('S1.25 knows the reason of a signal, whatever it is', async () => {
    const signal = AbortSignal.abort('operator pressed stop');
    const thrown = await rejection(() => signal.throwIfAborted());
    expect(diagnose(thrown, { signal }).category).toBe('aborted');
    expect(diagnose(thrown).category).toBe('unknown');
    expect(diagnose(new Error('another'), { signal }).category).toBe('unknown');
  });

  it.each([
    ['JSON that is none', () => JSON.parse('{')],
    ['text that is not UTF-8', () => new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff]))],
    ['a URI that is none', () => decodeURIComponent('%')],
    ['a URL that is none', () => new URL('nowhere')],
    ['a value that its schema refuses', () => z.object({ a: z.number() }).parse({ a: 'x' })],
  ])('S1.25 takes %s for invalid_format', async (_, act) => {
    expect(diagnose(await rejection(act)).category).toBe('invalid_format');
  });

  it('finds damaged content', async () => {
    const packed = gzipSync('content');
    packed[packed.length - 6] = (packed[packed.length - 6] ?? 0) ^ 0xff;
    expect(diagnose(await rejection(() => gunzipSync(packed))).category).toBe('corrupt_file');
  });

  it('S1.25 takes a programming error for one that a repeat does not cure', async () => {
    const missing: { value?: { deep: number } } = {};
    const error = await rejection(() => (missing.value as { deep: number }).deep);
    expect(diagnose(error)).toMatchObject({ key: 'programming_error', category: 'unknown', isRetryable: false });
  });

  it('S1.25 takes the own state guard for state_mismatch', async () => {
    const error = await rejection(() => createSessionStateMachine('s').transition('imported', 'x'));
    expect(answer(error)).toEqual(['state_mismatch', 'medium', false]);
  });

  it('leads with the action of an own error', () => {
    const error = new SpanledgerError('SCHEMA_MISSING', { details: { database: 'd', schema: 's' } });
    expect(diagnose(error).recommendedActions[0]).toBe('Run `spanledger migrate up`.');
  });

  it('finds a lost database connection by its message where nothing else tells', () => {
    expect(diagnose(new Error('Connection terminated unexpectedly'))).toMatchObject({
      category: 'network_error',
      evidence: 'message',
    });
  });

  it('takes an error of which nothing is known as unknown, retryable with a limit', () => {
    expect(diagnose(new Error('something'))).toMatchObject({
      key: 'unknown',
      summary: 'something',
      isRetryable: true,
      retry: 'yes, limited',
      evidence: 'none',
    });
  });
});

describe('diagnosis along the chain', () => {
  it('S1.25 looks through wrappers to the cause, and tells of both', () => {
    const error = new Error('import broke off', { cause: new Error('copy', { cause: coded('ENOSPC') }) });
    expect(diagnose(error)).toMatchObject({
      category: 'disk_space',
      summary: 'Disk full: import broke off (ENOSPC: it happened)',
    });
  });

  it('S1.25 looks into gathered errors', () => {
    const error = new AggregateError([new Error('one'), coded('EACCES')], 'two attempts');
    expect(diagnose(error).category).toBe('permission_denied');
  });

  it('S1.25 takes the nearest mark first', () => {
    expect(diagnose(Object.assign(coded('EACCES'), { cause: coded('ENOENT') })).category).toBe('permission_denied');
  });

  it('S1.25 lets a mark on a cause go before the class of what wraps it', () => {
    expect(diagnose(new TypeError('wrapped', { cause: coded('ECONNRESET') })).category).toBe('network_error');
  });

  it('S1.25 ends on chains that run in a circle', () => {
    const first = new Error('first');
    const second = new AggregateError([first], 'second', { cause: first });
    first.cause = second;
    expect(diagnose(first).category).toBe('unknown');
  });

  it('ends on chains without an end', () => {
    const endless = (): object => ({
      message: 'deeper',
      get cause() {
        return endless();
      },
    });
    expect(diagnose(endless()).category).toBe('unknown');
  });
});

describe('diagnosis of anything', () => {
  const trap = (): never => {
    throw new Error('trapped');
  };
  const hostile = new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap, ownKeys: trap });
  const { proxy: revoked, revoke } = Proxy.revocable([], {});
  revoke();
  const trapped = Object.defineProperties(new Error('kept'), {
    stack: { get: trap },
    message: { get: trap },
    cause: { get: trap },
  });

  const thrown: Readonly<Record<string, readonly [value: unknown, summary: string]>> = {
    'a string': ['plain', 'plain'],
    'an empty string': ['', 'an empty string was thrown'],
    undefined: [undefined, 'undefined was thrown'],
    null: [null, 'null was thrown'],
    'a number': [7, 'number 7 was thrown'],
    'a symbol': [Symbol('s'), 'symbol Symbol(s) was thrown'],
    'a bigint': [7n, 'bigint 7 was thrown'],
    'a function': [trap, 'a function was thrown'],
    'an object': [{ a: 1 }, 'an object without a message was thrown: Object'],
    'a hostile proxy': [hostile, 'an object without a message was thrown: object'],
    'a revoked proxy': [revoked, 'an object without a message was thrown: object'],
    'an error whose getters throw': [trapped, 'an object without a message was thrown: Error'],
  };

  it.each(Object.keys(thrown))('S1.23 tells what was thrown: %s', (name) => {
    const [value, summary] = thrown[name] ?? [];
    expect(diagnose(value).category).toBe('unknown');
    expect(diagnose(value).summary).toBe(summary);
  });

  it('S1.23 never throws, and always gives a whole answer', () => {
    const odd = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSet: true,
    });
    const dressed = fc
      .record(
        {
          code: odd,
          status: odd,
          cause: odd,
          errors: odd,
          issues: odd,
          name: odd,
          message: odd,
          headers: odd,
          response: odd,
          stack: odd,
        },
        { requiredKeys: [] },
      )
      .map((fields) => Object.assign(Object.create(Error.prototype) as object, fields));
    fc.assert(
      fc.property(fc.oneof(odd, dressed), odd, (thrown, reason) => {
        const diagnosis = diagnose(thrown, { signal: { aborted: true, reason } });
        expect(errorCategories).toContain(diagnosis.category);
        expect(diagnosis.summary).toBeTypeOf('string');
        expect(diagnosis.summary).not.toBe('');
        expect(diagnosis.recommendedActions.length).toBeGreaterThan(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('S1.23 gives the same answer on retry for the same pattern, whatever wraps it', () => {
    for (const key of errorPatternKeys) {
      const pattern: ErrorPattern = errorPatterns[key];
      for (const code of pattern.codes ?? []) {
        const [bare, syscall] = code.split(' ');
        const error = coded(bare ?? '', { syscall });
        for (const thrown of [error, new Error('w', { cause: error }), new AggregateError([error])]) {
          expect(diagnose(thrown).key).toBe(key);
        }
      }
    }
  });
});

describe('the error patterns', () => {
  it('claim each mark once', () => {
    const marks = errorPatternKeys.flatMap((key) => {
      const pattern: ErrorPattern = errorPatterns[key];
      return [...(pattern.codes ?? []), ...(pattern.sqlStates ?? []), ...(pattern.statuses ?? [])];
    });
    expect(marks.toSorted()).toEqual([...new Set(marks)].toSorted());
  });

  it('cover every category', () => {
    expect(new Set(errorPatternKeys.map((key) => errorPatterns[key].category))).toEqual(new Set(errorCategories));
  });
});
