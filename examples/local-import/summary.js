// @ts-check
/** @typedef {import('spanledger').ImportOutcome} Outcome */

/**
 * The end of a run in words. All numbers but the time are those of the session's outcome.
 * @param {{ sessionId: string, outcome: Outcome, seconds: number, target: string }} run
 */
export function describeRun({ sessionId, outcome, seconds, target }) {
  const { total, imported, skipped, failed, missing } = outcome.counts;
  const done = imported + skipped + failed;
  const rows = [
    ['total', total],
    ['imported', imported],
    ['skipped, duplicates above all', skipped],
    ['failed', failed - missing],
    ['missing', missing],
    ...(done < total ? [['not done', total - done]] : []),
    ['seconds', seconds.toFixed(1)],
    ['files/s', Math.round(done / seconds)],
  ];
  return [
    '',
    `Session ${sessionId} ended ${outcome.state}. The files are in ${target}.`,
    '',
    ...rows.map(([name, value]) => `  ${String(name).padEnd(32)}${String(value).padStart(8)}`),
    '',
    'See what happened:',
    '',
    ...nextCommands(sessionId, failed).map((command) => `  ${command}`),
    '',
  ].join('\n');
}

/**
 * @param {string} sessionId
 * @param {number} failed
 */
function nextCommands(sessionId, failed) {
  const id = /^[\w.-]+$/.test(sessionId) ? sessionId : `'${sessionId.replaceAll("'", "'\\''")}'`;
  return [
    'npx spanledger sessions',
    `npx spanledger session ${id}`,
    `npx spanledger logs --session-id ${id}${failed > 0 ? ' --level error --all' : ''}`,
  ];
}
