import type { Duration } from '../domain/expectation.ts';

const units = { d: 'days', h: 'hours', m: 'minutes', min: 'minutes', s: 'seconds', ms: 'milliseconds' } as const;

/** A length of time as text: `90s`, `5m`, `1h 30m`, `2d`; `undefined` where it is none. */
export function parseDurationText(text: string): Duration | undefined {
  if (!/^\s*(?:\d+(?:\.\d+)?\s*(?:d|h|min|ms|m|s)\s*)+$/.test(text)) return undefined;
  const duration: { -readonly [K in keyof Duration]: Duration[K] } = {};
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)\s*(d|h|min|ms|m|s)/g)) {
    const name = units[unit as keyof typeof units];
    duration[name] = (duration[name] ?? 0) + Number(amount);
  }
  return duration;
}
