import { describe, expect, it } from 'vitest';
import { dataWithCarrier, takeCarrier } from '../../../src/instrument/jobs/carried-in-data.ts';
import { keptData, shapeOf } from '../../../src/instrument/jobs/job-data.ts';

describe('what is kept of the data of a job', () => {
  it('is nothing, its shape, or all of it', () => {
    const data = { to: 'ann', text: 'hi' };
    expect(keptData(data, 'none')).toBeUndefined();
    expect(keptData(data, 'keys')).toEqual({ keys: ['to', 'text'], bytes: 24 });
    expect(keptData(data, 'full')).toBe(data);
    expect(keptData(undefined, 'keys')).toBeUndefined();
  });

  it.each([[{ a: 1, b: [true, null, 'ü'], c: { d: {} } }], [[1, 2, { a: 'b' }]], ['text'], [12.5], [false], [null]])(
    'tells the size of %j as JSON',
    (value) => {
      expect(shapeOf(value).bytes).toBe(Buffer.byteLength(JSON.stringify(value)));
    },
  );

  it('tells how many names it leaves out, and of lists how long they are', () => {
    const many = Object.fromEntries(Array.from({ length: 23 }, (_, index) => [`k${index}`, index]));
    expect(shapeOf(many)).toMatchObject({ more_keys: 3 });
    expect(shapeOf([1, 2, 3])).toMatchObject({ type: 'list', entries: 3 });
  });

  it('looks at a thousand values, however many there are', () => {
    let looks = 0;
    const row = new Proxy(
      { index: 1 },
      {
        ownKeys: (target) => {
          looks += 1;
          return Reflect.ownKeys(target);
        },
      },
    );
    const shape = shapeOf({ rows: new Array(5000).fill(row) });
    expect(shape).toEqual({ keys: ['rows'], more_than_bytes: expect.any(Number) });
    expect(looks).toBeLessThanOrEqual(1000);
    const cycle: Record<string, unknown> = {};
    cycle.again = cycle;
    expect(shapeOf(cycle)).toMatchObject({ keys: ['again'] });
  });

  it('calls no getter, no toJSON and survives a proxy that throws', () => {
    const calls: string[] = [];
    const data = {
      get secret() {
        calls.push('get');
        return 1;
      },
      toJSON() {
        calls.push('toJSON');
      },
    };
    expect(shapeOf(data)).toMatchObject({ keys: ['secret', 'toJSON'] });
    const hostile = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no');
        },
      },
    );
    expect(shapeOf(hostile)).toMatchObject({ keys: [] });
    expect(calls).toEqual([]);
  });
});

describe('the context in the data of a job', () => {
  const carrier = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };

  it('is put into a copy and taken out again', () => {
    const data = { to: 'ann' };
    const sent = dataWithCarrier(data, carrier);
    expect(data).toEqual({ to: 'ann' });
    expect(takeCarrier(sent)).toEqual(carrier);
    expect(sent).toEqual(data);
  });

  it.each([[null], [undefined], ['text'], [[1]], [new Date(0)], [7]])(
    'leaves %j alone, which is no plain object',
    (data) => {
      expect(dataWithCarrier(data, carrier)).toBe(data);
      expect(takeCarrier(data)).toBeUndefined();
    },
  );

  it('is not taken for one where the member holds something else', () => {
    const data = { _spanledger: { depth: 3 } };
    expect(takeCarrier(data)).toBeUndefined();
    expect(data).toEqual({ _spanledger: { depth: 3 } });
  });
});
