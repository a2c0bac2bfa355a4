import { resolve } from 'node:path';
import { applyRetention, type RetentionReport, type TableRetention } from '../../shipping/retention.ts';
import { trimmedTables } from '../../shipping/retention-rules.ts';
import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import { openCurrentStore } from '../reading/open-current-store.ts';
import { isoTime } from '../rendering/quantities.ts';
import { jsonLine, visible } from '../visible.ts';
import { openWorkplace } from '../workplace.ts';

/** Counting a month, or removing a batch from a large one, takes longer than any answer to a question. */
const statementTimeoutMillis = 600_000;

/** `spanledger retention` */
export const run: Run = async (invocation) => {
  const { options, terminal } = invocation;
  const workplace = openWorkplace(invocation);
  const { settings } = workplace.configuration;
  const days = options.count('days') ?? settings.retentionDays;
  const sessionDays = options.count('sessionDays');
  const archive = options.text('archive') ?? settings.retentionArchive;
  const dryRun = options.flag('dryRun');
  const store = await openCurrentStore(workplace, terminal, { statementTimeoutMillis });
  try {
    const report = await applyRetention(store, {
      days,
      ...(sessionDays !== undefined && { sessionDays }),
      keepSessions: options.texts('keepSession'),
      dryRun,
      ...(archive !== undefined && { archive: resolve(archive) }),
    });
    const lines = options.flag('json') ? jsonLines(report, dryRun) : textLines(report, days, dryRun);
    for (const line of lines) await terminal.line(line);
    return exitCode.ok;
  } finally {
    await store.close();
  }
};

function textLines({ cutoff, tables, made, archive }: RetentionReport, days: number, dryRun: boolean): string[] {
  const done = dryRun ? 'would be deleted' : 'deleted';
  return [
    `Older than ${days} days, before ${isoTime(cutoff)}:`,
    ...tables.flatMap((table) => tableLines(table, done)),
    ...(archive === undefined ? [] : [`Archived in ${visible(archive.directory)}`]),
    ...(made.length === 0 ? [] : [`Partitions that ${dryRun ? 'would be' : 'were'} made ahead: ${made.join(', ')}`]),
  ];
}

const nameWidth = Math.max(...trimmedTables.map(({ length }) => length));

function tableLines({ table, rows, parts }: TableRetention, done: string): readonly string[] {
  const partitions = parts.filter(({ name }) => name !== table);
  // Its rows go only where another one tells the same.
  const how = table === 'shipments' ? `${done}, the rows of later segments stand for them` : done;
  return [
    `  ${table.padEnd(nameWidth)}  ${rows} rows ${how}`,
    ...partitions.map(
      ({ name, rows: own, isWhole }) => `    ${name}  ${own} rows${isWhole ? ', the whole month' : ''}`,
    ),
  ];
}

function jsonLines({ cutoff, tables, made, archive }: RetentionReport, dryRun: boolean): readonly string[] {
  return tables.map(({ table, rows, parts }) =>
    jsonLine({
      table,
      rows,
      partitions: parts
        .filter(({ name }) => name !== table)
        .map(({ name, rows: own, isWhole }) => ({ name, rows: own, whole: isWhole })),
      made_ahead: made.filter((name) => name.startsWith(table)),
      cutoff,
      dry_run: dryRun,
      ...(archive !== undefined && { archive: archive.directory }),
    }),
  );
}
