import { describe, expect, it, vi } from 'vitest';
import { Tally } from '../../src/journal/tally.ts';
import { latenessMillis } from '../../src/register/journal-keeping.ts';
import {
  clockOffsetSeconds,
  createShippingMemory,
  judgedUnits,
  noteDatabase,
  noteEmpty,
  noteShipped,
  noteVerdicts,
  type PassCounts,
  refusedRecords,
  schemaFaults,
  shipFailures,
  shippedRecords,
  unshippedBytes,
  unshippedRecords,
  waitingSeconds,
} from '../../src/register/shipping-memory.ts';
import { sharedMillis } from '../../src/watchdog/watch-memory.ts';

const pass = (counts: Partial<PassCounts>): PassCounts => ({
  status: 'caught-up',
  records: 0,
  deadLetters: 0,
  ...counts,
});

describe('the memory that both threads share', () => {
  it('counts what was shipped', () => {
    const memory = createShippingMemory();
    noteShipped(memory, pass({ records: 3 }));
    noteShipped(memory, pass({ status: 'unavailable', records: 4, deadLetters: 2 }));
    expect(shippedRecords(memory)).toBe(7);
    expect(refusedRecords(memory)).toBe(2);
    expect(shipFailures(memory)).toBe(1);
  });

  it('tells what waits in the journal since everything was shipped last', () => {
    const memory = createShippingMemory();
    const tally = new Tally(memory.tally);
    tally.grow(100);
    expect(unshippedBytes(memory)).toBe(100);
    noteShipped(memory, pass({ records: 1 }), 5_000);
    expect(unshippedBytes(memory)).toBe(0);
    expect([unshippedRecords(memory), waitingSeconds(memory, 9_000)]).toEqual([0, 0]);
    tally.grow(50);
    tally.append(2);
    noteShipped(memory, pass({ status: 'aborted' }));
    expect(unshippedBytes(memory)).toBe(50);
    expect([unshippedRecords(memory), waitingSeconds(memory, 9_000)]).toEqual([1, 4]);
    noteEmpty(memory, 8_000);
    expect(waitingSeconds(memory, 9_000)).toBe(4);
    noteShipped(memory, pass({}), 8_000);
    noteEmpty(memory, 9_000);
    tally.grow(1);
    expect(waitingSeconds(memory, 9_500)).toBe(0.5);
  });

  it('knows nothing of a database that was not looked at', () => {
    const memory = createShippingMemory();
    expect([clockOffsetSeconds(memory), schemaFaults(memory)]).toEqual([undefined, undefined]);
    noteDatabase(memory, { clockOffsetSeconds: -2.5, schemaFaults: 0 });
    expect([clockOffsetSeconds(memory), schemaFaults(memory)]).toEqual([-2.5, 0]);
    expect(judgedUnits(memory)).toEqual({});
    noteVerdicts(memory, { stuck: 2, waiting: 0 });
    expect(judgedUnits(memory)).toEqual({ stuck: 2, waiting: 0 });
    noteVerdicts(memory, {});
    expect(judgedUnits(memory)).toEqual({});
  });

  it('tells how late the main thread is with its tick', () => {
    const { pulse } = createShippingMemory();
    expect(latenessMillis(pulse, 10_000)).toBe(0);
    pulse[0] = 10_000;
    expect(latenessMillis(pulse, 10_900)).toBe(0);
    expect(latenessMillis(pulse, 16_000)).toBe(5000);
  });

  it('is not misled by a clock that is set, as after the sleep of a virtual machine', () => {
    const { pulse } = createShippingMemory();
    pulse[0] = sharedMillis();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
    expect(latenessMillis(pulse)).toBeLessThan(60_000);
    pulse[0] = sharedMillis() - 61_000;
    vi.setSystemTime(Date.now() - 7_200_000);
    expect(latenessMillis(pulse)).toBeGreaterThanOrEqual(60_000);
    vi.useRealTimers();
  });
});
