import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import { withLedger } from '../reading/open-ledger.ts';
import { findSession } from '../reading/session-lookup.ts';
import type { NamedCount, PerformanceSummary, Statistics } from '../reading/statistics.ts';
import { duration, isoTime, percent } from '../rendering/quantities.ts';
import type { Terminal } from '../terminal.ts';
import { jsonLine, visible } from '../visible.ts';

/** `spanledger stats` */
export const run: Run = (invocation) =>
  withLedger(invocation, async (reader) => {
    const { options, terminal } = invocation;
    const sessionId = options.text('sessionId');
    if (sessionId !== undefined) await findSession(reader, sessionId);
    const since = sessionId === undefined ? options.moment('since') : undefined;
    const statistics = await reader.statistics({ sessionId, since });
    if (options.flag('json')) {
      await terminal.line(jsonLine({ session_id: sessionId ?? null, since: since ?? null, ...statistics }));
    } else {
      const scope = sessionId === undefined ? `since ${isoTime(since)}` : `session ${visible(sessionId)}`;
      await printStatistics(terminal, scope, statistics);
    }
    return exitCode.ok;
  });

async function printStatistics(terminal: Terminal, scope: string, statistics: Statistics): Promise<void> {
  const { items, succeeded, skipped, failed, error_rate: errorRate } = statistics;
  await terminal.line(terminal.style('bold', `Statistics, ${scope}`));
  await terminal.line(`  sessions              ${countList(statistics.sessions)}`);
  await terminal.line(`  items                 ${items}: ${succeeded} imported, ${skipped} skipped, ${failed} failed`);
  await terminal.line(`  error rate            ${percent(errorRate)}`);
  await terminal.line(`  time per item         ${millis(statistics.mean_ms)} mean, ${millis(statistics.p95_ms)} p95`);
  await terminal.line(`  throughput            ${rate(statistics.items_per_second)}`);
  await terminal.line(`  most frequent errors  ${countList(statistics.top_errors)}`);
  await terminal.line(`  inconsistencies       ${countList(statistics.inconsistencies)}`);
  for (const operation of statistics.performance) await terminal.line(`  ${performanceText(operation)}`);
}

function countList(counts: readonly NamedCount[]): string {
  return counts.length === 0 ? 'none' : counts.map(({ name, count }) => `${visible(name)} ${count}`).join(', ');
}

function performanceText({ operation, count, mean_ms: mean }: PerformanceSummary): string {
  return `performance           ${visible(operation)} ${duration(mean)} mean of ${count}`;
}

function millis(value: number | null): string {
  return value === null ? '-' : duration(value);
}

function rate(perSecond: number | null): string {
  return perSecond === null ? '-' : `${perSecond.toFixed(1)} items/s`;
}
