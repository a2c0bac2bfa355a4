import { describe, expect, it } from 'vitest';
import { Tally } from '../../src/journal/tally.ts';
import { latenessMillis } from '../../src/register/journal-keeping.ts';
import {
  createShippingMemory,
  noteShipped,
  shippedRecords,
  unshippedBytes,
} from '../../src/register/shipping-memory.ts';

describe('the memory that both threads share', () => {
  it('counts what was shipped', () => {
    const memory = createShippingMemory();
    noteShipped(memory, 3, true);
    noteShipped(memory, 4, false);
    expect(shippedRecords(memory)).toBe(7);
  });

  it('tells what waits in the journal since everything was shipped last', () => {
    const memory = createShippingMemory();
    const tally = new Tally(memory.tally);
    tally.grow(100);
    expect(unshippedBytes(memory)).toBe(100);
    noteShipped(memory, 1, true);
    expect(unshippedBytes(memory)).toBe(0);
    tally.grow(50);
    noteShipped(memory, 0, false);
    expect(unshippedBytes(memory)).toBe(50);
  });

  it('tells how late the main thread is with its tick', () => {
    const { pulse } = createShippingMemory();
    expect(latenessMillis(pulse, 10_000)).toBe(0);
    pulse[0] = 10_000;
    expect(latenessMillis(pulse, 10_900)).toBe(0);
    expect(latenessMillis(pulse, 16_000)).toBe(5000);
  });
});
