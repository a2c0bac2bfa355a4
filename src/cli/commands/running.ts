import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import { withLedger } from '../reading/open-ledger.ts';
import type { RunningRow } from '../reading/rows.ts';
import { type ListingColumn, renderListing } from '../rendering/listing.ts';
import { duration, isoTime } from '../rendering/quantities.ts';
import { jsonLine } from '../visible.ts';

/** `spanledger running` */
export const run: Run = (invocation) =>
  withLedger(invocation, async (reader) => {
    const { options, terminal } = invocation;
    const rows = await reader.running({ sessionId: options.text('sessionId') }, options.count('last') ?? 50);
    if (options.flag('json')) for (const row of rows) await terminal.line(jsonLine(row));
    else if (rows.length === 0) await terminal.line('Nothing is running.');
    else await terminal.line(renderListing(terminal, columns, rows));
    return exitCode.ok;
  });

const columns: readonly ListingColumn<RunningRow>[] = [
  { title: 'UNIT', text: (row) => row.unit },
  { title: 'WHAT', text: (row) => (row.unit === 'session' || row.unit === 'item' ? row.task_name : row.step_name) },
  { title: 'SESSION', text: (row) => row.session_id ?? '-' },
  { title: 'ITEM', text: (row) => row.item_id ?? '-' },
  { title: 'DONE', align: 'right', text: doneText },
  { title: 'STARTED', text: (row) => isoTime(row.started_at) },
  { title: 'RUNNING', align: 'right', text: (row) => duration(row.running_seconds * 1000) },
  { title: 'SILENT', align: 'right', text: (row) => duration(row.silent_seconds * 1000) },
  {
    title: 'VERDICT',
    text: (row) => row.verdict,
    paint: (row, terminal, text) => terminal.style(row.verdict === 'running' ? 'green' : 'yellow', text),
  },
];

function doneText({ done, total }: RunningRow): string {
  return done === null && total === null ? '-' : `${done ?? 0}/${total ?? '?'}`;
}
