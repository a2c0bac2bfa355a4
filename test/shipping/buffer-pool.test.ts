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
});
