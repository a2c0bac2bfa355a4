import { describe, expect, it } from 'vitest';
import { isOfShape } from '../../src/cli/reading/database-waits.ts';
import { createSanitizer } from '../../src/storable/sanitizer.ts';
import { requestShape, statementShape, toPendingCall } from '../../src/watchdog/call-summary.ts';

describe('the shape of a statement', () => {
  it.each([
    ["select * from t where a = 'it''s' and b = 42", 'select * from t where a = ? and b = ?'],
    ['select $1::int, t2.c1 from t2', 'select $1::int, t2.c1 from t2'],
    ['select * from t where id in (1, 2,3)', 'select * from t where id in (?, ...)'],
    ["insert into t values (1, 'a'), (2, 'b')", 'insert into t values (?, ...), ...'],
    ["select -- the 'secret'\n 1.5e3 /* 7 */ from t", 'select ? from t'],
    ["select $tag$it's$tag$, $$x$$", 'select ?, ...'],
    ["select E'a\\'b secret', 'cut off", 'select E?, ...'],
    ['select "Column 1" from "T"', 'select "Column 1" from "T"'],
  ])('%s', (sql, shape) => {
    expect(statementShape(sql)).toBe(shape);
  });

  it('takes double quotes for values where the database does', () => {
    expect(statementShape('select * from t where a = "secret"', 'values')).toBe('select * from t where a = ?');
  });
});

describe('the shape of a request', () => {
  it.each([
    ['https://user:pass@api.example.com/v1/media/123456?token=abc#x', 'GET api.example.com/v1/media/{id}'],
    ['http://h/a/0b1c9f3e-6c2e-4a8e-9d6b-1f2e3d4c5b6a/b', 'GET h/a/{id}/b'],
    ['http://h/sessions/AF1QipNabcdefgh12345678/list', 'GET h/sessions/{id}/list'],
    ['api.example.com', 'GET api.example.com'],
  ])('%s', (url, shape) => {
    expect(requestShape('GET', url)).toBe(shape);
  });
});

describe('a pending call', () => {
  it('never carries a secret that stands where a value is not expected', () => {
    const sanitizer = createSanitizer({ redactKeys: [] });
    const token = `ghp_${'a1B2'.repeat(9)}`;
    for (const kind of ['sql', 'http', 'other']) {
      const call = toPendingCall({ startedAt: 1, fields: [kind, '', `select ${token} from t`] }, sanitizer);
      expect(call.summary).not.toContain(token);
    }
  });

  it('keeps the shape of a statement on a secret column, for those who compare it with the server', () => {
    const sanitizer = createSanitizer({ redactKeys: [] });
    const sql = "update users set password = 'hunter2', token = $2 where id = 7";
    const { summary } = toPendingCall({ startedAt: 1, fields: ['sql', '', sql] }, sanitizer);
    expect(summary).toBe('update users set password = ?, token = $2 where id = ?');
    expect(isOfShape(sql, summary)).toBe(true);
  });
});
