import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeRows } from '../../src/projection/row-merge.ts';
import type { Row } from '../../src/projection/tables.ts';

const item = (id: string, version: number, values: Row['values'] = {}): Row => ({
  table: 'import_items',
  values: { session_id: 's', id, version, ...values },
});

describe('rows of one key', () => {
  it('become one with the highest version; what it does not tell comes from the next lower one', () => {
    const rows = [
      item('a', 2, { state: 'checking', ended_at: null }),
      item('a', 3, { state: 'imported', ended_at: 9 }),
      item('a', 1, { state: 'analyzing', started_at: 1 }),
    ];
    expect(mergeRows(rows)).toEqual([item('a', 3, { state: 'imported', ended_at: 9, started_at: 1 })]);
  });

  it('keep a null that the higher version tells', () => {
    const rows = [item('a', 1, { state: 'failed', ended_at: 5 }), item('a', 2, { state: 'analyzing', ended_at: null })];
    expect(mergeRows(rows)[0]?.values.ended_at).toBeNull();
  });

  it('of a unit keep its earliest creation', () => {
    const unit = (version: number, created_at: number | undefined): Row => ({
      table: 'task_progress',
      values: { trace_id: 't', span_id: 'p', version, created_at },
    });
    expect(mergeRows([unit(1, 10), unit(2, undefined), unit(3, 11)])[0]?.values.created_at).toBe(10);
  });

  it('are the same in whatever order they come', () => {
    const versions = fc.uniqueArray(fc.nat(50), { minLength: 1, maxLength: 8 });
    const cell = fc.option(fc.nat(9), { nil: undefined });
    fc.assert(
      fc.property(
        versions.chain((list) =>
          fc.tuple(
            fc.constant(list),
            fc.array(fc.tuple(cell, cell), { minLength: list.length, maxLength: list.length }),
            fc.shuffledSubarray(list, { minLength: list.length }),
          ),
        ),
        ([list, cells, order]) => {
          const rows = new Map(
            list.map((version, index) => [
              version,
              item('a', version, { attempt: cells[index]?.[0], started_at: cells[index]?.[1] }),
            ]),
          );
          const inOrder = [...list].sort((one, other) => other - one).map((version) => rows.get(version) as Row);
          const shuffled = order.map((version) => rows.get(version) as Row);
          expect(mergeRows(shuffled)).toEqual(mergeRows(inOrder));
          expect(mergeRows(shuffled)[0]?.values.version).toBe(Math.max(...list));
        },
      ),
    );
  });
});

describe('other rows', () => {
  it('of append-only tables are all kept, in order', () => {
    const audit = (seq: number): Row => ({ table: 'audit_log', values: { seq } });
    expect(mergeRows([audit(1), item('a', 1), audit(1), audit(2)])).toEqual([
      audit(1),
      item('a', 1),
      audit(1),
      audit(2),
    ]);
  });

  it('with other keys stay apart', () => {
    const rows = [
      item('a', 1),
      item('b', 1),
      { table: 'import_items', values: { session_id: 's2', id: 'a', version: 1 } } as Row,
    ];
    expect(mergeRows(rows)).toHaveLength(3);
  });

  it('are not changed', () => {
    const rows = [item('a', 2, { state: 'checking' }), item('a', 1, { started_at: 1 })].map((row) =>
      Object.freeze({ ...row, values: Object.freeze(row.values) }),
    );
    expect(mergeRows(rows)[0]?.values).toMatchObject({ state: 'checking', started_at: 1 });
  });
});
