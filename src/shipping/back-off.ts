export interface BackOffOptions {
  readonly firstMillis: number;
  readonly maxMillis: number;
  /** In [0, 1). */
  readonly random: () => number;
}

/**
 * How long to wait after the n-th failure in a row (from 1): doubling up to a cap, the upper half of it by chance, so that many
 * shippers do not come back at the same moment.
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ ("equal jitter")
 */
export function backOffMillis(failures: number, { firstMillis, maxMillis, random }: BackOffOptions): number {
  const ceiling = Math.min(maxMillis, firstMillis * 2 ** Math.min(failures - 1, 30));
  return ceiling / 2 + (random() * ceiling) / 2;
}
