import { expect, it } from 'vitest';
import { tables } from '../../src/projection/tables.ts';
import { mostColumns } from '../../src/shipping/keyed-rows.ts';

it.each(Object.values(tables).filter(({ key }) => key.length > 0))(
  'the columns of $name fit into the mask that tells which of them a row leaves open',
  ({ columns }) => {
    // One more needs a wider mask in keyed-rows.ts and line-rows.ts first; without it no writer would start.
    expect(columns.length).toBeLessThanOrEqual(mostColumns);
  },
);
