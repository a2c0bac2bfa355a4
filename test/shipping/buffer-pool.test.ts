import { describe, expect, it } from 'vitest';
import { BufferPool } from '../../src/shipping/buffer-pool.ts';

describe('buffers that are used again', () => {
  it('serve whoever asks for about as much as the one before', () => {
    const pool = new BufferPool();
    const first = pool.take(700_000);
    pool.give(first);
    expect(pool.take(900_000)).toBe(first);
  });

  it('are as large as was asked for, and at least 64 KiB', () => {
    const pool = new BufferPool();
    for (const bytes of [0, 1, 65_536, 65_537, 5_000_000]) {
      expect(pool.take(bytes).length).toBeGreaterThanOrEqual(Math.max(bytes, 65_536));
    }
  });

  it('are the smallest that suffice, and nobody else has them', () => {
    const pool = new BufferPool();
    const [large, small] = [pool.take(1_000_000), pool.take(100_000)];
    pool.give(large);
    pool.give(small);
    expect(pool.take(100_000)).toBe(small);
    expect(pool.take(100_000)).toBe(large);
    expect([small, large]).not.toContain(pool.take(100_000));
  });

  it('are kept up to 48 MiB', () => {
    const pool = new BufferPool();
    const buffers = Array.from({ length: 4 }, () => pool.take(16 * 1024 * 1024));
    for (const buffer of buffers) pool.give(buffer);
    const again = buffers.map(() => pool.take(16 * 1024 * 1024));
    expect(again.filter((buffer) => buffers.includes(buffer))).toHaveLength(3);
  });

  it('are forgotten where nobody has needed them for a while', () => {
    const pool = new BufferPool();
    const buffers = [pool.take(1_000_000), pool.take(1_000_000), pool.take(100_000)];
    for (const buffer of buffers) pool.give(buffer);
    pool.forgetUnused();
    for (let turn = 0; turn < 3; turn += 1) pool.give(pool.take(1_000_000));
    pool.forgetUnused();
    // Places, not buffers: a matcher looks at each of a million bytes.
    const placeOf = (buffer: Buffer) => buffers.indexOf(buffer);
    expect([1_000_000, 100_000, 1_000_000].map((bytes) => placeOf(pool.take(bytes)))).toEqual([1, -1, -1]);
  });

  it('that are forgotten make room for others', () => {
    const pool = new BufferPool();
    for (const buffer of Array.from({ length: 3 }, () => pool.take(16 * 1024 * 1024))) pool.give(buffer);
    pool.forgetUnused();
    pool.forgetUnused();
    const other = pool.take(32 * 1024 * 1024);
    pool.give(other);
    expect(pool.take(32 * 1024 * 1024)).toBe(other);
  });
});
