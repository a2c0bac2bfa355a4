import { describe, expect, it } from 'vitest';
import { DoubtfulShipments } from '../../src/shipping/doubtful-shipments.ts';

const place = { instanceId: 'one', segment: '00000001' };
const part = (records: number) => ({ records, deadLetters: 0, bytes: 100 });

describe('shipments of which no answer came', () => {
  it('count once their offset shows that they are stored', () => {
    const doubtful = new DoubtfulShipments();
    doubtful.add(place, { from: 0, to: 100, part: part(1) });
    doubtful.add(place, { from: 100, to: 200, part: part(2) });
    expect(doubtful.settle({ ...place, segment: '00000002' }, 200)).toEqual([]);
    expect(doubtful.settle(place, 200)).toEqual([part(1), part(2)]);
    expect(doubtful.settle(place, 200)).toEqual([]);
  });

  it('stay in doubt while the offset stands where they begin', () => {
    const doubtful = new DoubtfulShipments();
    doubtful.add(place, { from: 100, to: 200, part: part(1) });
    expect(doubtful.settle(place, 100)).toEqual([]);
    expect(doubtful.settle(place, 200)).toEqual([part(1)]);
  });

  it('do not count when another was stored in their place', () => {
    const doubtful = new DoubtfulShipments();
    doubtful.add(place, { from: 100, to: 200, part: part(1) });
    doubtful.refute(place, 250);
    expect(doubtful.settle(place, 250)).toEqual([]);
  });

  it('count once where they were tried several times', () => {
    const doubtful = new DoubtfulShipments();
    doubtful.add(place, { from: 100, to: 200, part: part(1) });
    doubtful.add(place, { from: 100, to: 250, part: part(2) });
    doubtful.add(place, { from: 100, to: 300, part: part(3) });
    expect(doubtful.settle(place, 250)).toEqual([part(2)]);
  });
});
