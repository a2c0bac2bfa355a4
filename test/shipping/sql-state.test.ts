import { describe, expect, test } from 'vitest';
import { toDatabaseFailure } from '../../src/shipping/sql-state.ts';

const failure = (code: string) => toDatabaseFailure(Object.assign(new Error('why'), { code }));

describe('a failure of the database', () => {
  test.each([
    ['22001', 'refused', 'a value too long for its column'],
    ['22P05', 'refused', 'an escape that jsonb does not take'],
    ['23505', 'refused', 'a double key'],
    ['23514', 'refused', 'a check'],
    ['54000', 'refused', 'an index entry too large'],
    ['40001', 'conflict', 'a serialization failure'],
    ['40P01', 'conflict', 'a deadlock'],
    ['55P03', 'conflict', 'a lock not had in time'],
    ['08006', 'unavailable', 'a broken connection'],
    ['25006', 'unavailable', 'a standby'],
    ['28P01', 'unavailable', 'a wrong password'],
    ['22P03', 'unavailable', 'a column whose type was changed'],
    ['42703', 'unavailable', 'a column that is gone'],
    ['53100', 'unavailable', 'a full disk'],
    ['53300', 'unavailable', 'too many connections'],
    ['57014', 'unavailable', 'a statement that took too long'],
    ['57P01', 'unavailable', 'a shutdown'],
    ['XX000', 'unavailable', 'an internal error'],
    ['ECONNREFUSED', 'unavailable', 'a system error'],
  ] as const)('%s is %s: %s', (code, kind, _what) => {
    expect(failure(code)).toEqual({ kind, code, message: 'why' });
  });

  test('without a code comes from the connection', () => {
    expect(toDatabaseFailure(new Error('Connection terminated'))).toMatchObject({ kind: 'unavailable', code: '08006' });
    expect(toDatabaseFailure('odd')).toMatchObject({ kind: 'unavailable', message: 'odd' });
  });

  test('of several addresses is told by the first of them', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED ::1:5432'), { code: 'ECONNREFUSED' });
    expect(toDatabaseFailure(new AggregateError([refused, refused]))).toEqual({
      kind: 'unavailable',
      code: 'ECONNREFUSED',
      message: 'connect ECONNREFUSED ::1:5432',
    });
  });
});
