import { applyRetention, type RetentionReport, type TableRetention } from '../../shipping/retention.ts';
import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import { openCurrentStore } from '../reading/open-current-store.ts';
import { isoTime } from '../rendering/quantities.ts';
import { jsonLine } from '../visible.ts';
import { openWorkplace } from '../workplace.ts';

/** `spanledger retention` */
export const run: Run = async (invocation) => {
  const { options, terminal } = invocation;
  const workplace = openWorkplace(invocation);
  const days = options.count('days') ?? workplace.configuration.settings.retentionDays;
  const dryRun = options.flag('dryRun');
  const store = await openCurrentStore(workplace, terminal);
  try {
    const report = await applyRetention(store, { days, keepSessions: options.texts('keepSession'), dryRun });
    const lines = options.flag('json') ? jsonLines(report, dryRun) : textLines(report, days, dryRun);
    for (const line of lines) await terminal.line(line);
    return exitCode.ok;
  } finally {
    await store.close();
  }
};

function textLines({ cutoff, tables }: RetentionReport, days: number, dryRun: boolean): readonly string[] {
  const done = dryRun ? 'would be deleted' : 'deleted';
  return [
    `Older than ${days} days, before ${isoTime(cutoff)}:`,
    ...tables.map((table) => `  ${tableText(table)} ${done}`),
  ];
}

function tableText({ table, partitions, rows }: TableRetention): string {
  const months = partitions.length === 0 ? '' : ` and ${partitions.length} whole months (${partitions.join(', ')})`;
  return `${table.padEnd('task_progress'.length)}  ${rows} rows${months}`;
}

function jsonLines({ cutoff, tables }: RetentionReport, dryRun: boolean): readonly string[] {
  return tables.map(({ table, partitions, rows }) => jsonLine({ table, rows, partitions, cutoff, dry_run: dryRun }));
}
