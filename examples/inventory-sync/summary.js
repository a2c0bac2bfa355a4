// @ts-check

/**
 * The end of a cycle in words. All numbers but calls and times are those of the session's outcome.
 * @param {{ outcome: import('spanledger').ImportOutcome, batches: number, expectedSeconds: number, seconds: number, calls: number }} cycle
 */
export function describeCycle({ outcome, batches, expectedSeconds, seconds, calls }) {
  const { total, imported, skipped, failed, missing } = outcome.counts;
  const rows = [
    ['pages', total],
    ['stored', imported],
    ['skipped', skipped],
    ['failed', failed - missing],
    ['taken down', missing],
    ['batches', batches],
    ['calls to the shop', calls],
    ['seconds', seconds.toFixed(1)],
    ['seconds expected', expectedSeconds.toFixed(1)],
    ['share of the expected', (seconds / Math.max(1, expectedSeconds)).toFixed(2)],
  ];
  return [
    `Cycle ${outcome.id} ended ${outcome.state}, attempt ${outcome.attempt}.`,
    ...rows.map(([name, value]) => `  ${String(name).padEnd(24)}${String(value).padStart(10)}`),
  ].join('\n');
}
