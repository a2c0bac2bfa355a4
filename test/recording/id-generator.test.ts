import { isValidSpanId, isValidTraceId, ROOT_CONTEXT } from '@opentelemetry/api';
import { SamplingDecision, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';
import { describe, expect, it } from 'vitest';
import { createIdGenerator } from '../../src/recording/id-generator.ts';

describe('ids of traces', () => {
  it('sort by the second in which they were made', () => {
    const start = Date.UTC(2026, 10, 22);
    let now = start;
    const generator = createIdGenerator({ now: () => now });
    const ids = Array.from({ length: 200 }, (_, second) => {
      now = start + second * 1_000;
      return Array.from({ length: 1 + (second % 30) }, () => generator.generateTraceId());
    });
    expect(ids.flat().every((id) => isValidTraceId(id))).toBe(true);
    expect(ids.map((made) => [...new Set(made.map((id) => Number.parseInt(id.slice(0, 12), 16)))])).toEqual(
      ids.map((_, second) => [start + second * 1_000]),
    );
  });

  it('go on with the time where the clock is set back', () => {
    let now = Date.UTC(2026, 10, 22);
    const generator = createIdGenerator({ now: () => now });
    generator.generateTraceId();
    now -= 3_600_000;
    expect(Number.parseInt(generator.generateTraceId().slice(0, 12), 16)).toBe(now);
  });

  it('of one millisecond differ in twenty random digits, spread evenly', () => {
    const generator = createIdGenerator({ now: () => Date.UTC(2026, 10, 22) });
    const ids = Array.from({ length: 4_000 }, () => generator.generateTraceId());
    expect(new Set(ids.map((id) => id.slice(0, 12))).size).toBe(1);
    expect(new Set(ids).size).toBe(ids.length);
    const counts = new Map<string, number>();
    for (const id of ids) for (const digit of id.slice(12)) counts.set(digit, (counts.get(digit) ?? 0) + 1);
    expect(counts.size).toBe(16);
    // 5,000 of each are expected; ten standard deviations are 685.
    for (const count of counts.values()) expect(Math.abs(count - 5_000)).toBeLessThan(685);
  });

  it.each([0.01, 0.25, 0.9])('are sampled as evenly as random ones at a ratio of %d', (ratio) => {
    const sampler = new TraceIdRatioBasedSampler(ratio);
    const generator = createIdGenerator();
    const count = 20_000;
    let sampled = 0;
    for (let index = 0; index < count; index += 1) {
      const { decision } = sampler.shouldSample(ROOT_CONTEXT, generator.generateTraceId());
      if (decision === SamplingDecision.RECORD_AND_SAMPLED) sampled += 1;
    }
    expect(Math.abs(sampled - count * ratio)).toBeLessThan(10 * Math.sqrt(count * ratio * (1 - ratio)));
  });

  it.each([-1, 0, 2 ** 48, 2 ** 60, 1.5])('are valid where the clock stands at %d', (at) => {
    const generator = createIdGenerator({ now: () => at });
    expect(isValidTraceId(generator.generateTraceId())).toBe(true);
    expect(isValidSpanId(generator.generateSpanId())).toBe(true);
  });
});
