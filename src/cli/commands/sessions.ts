import { SpanledgerError } from '../../domain/errors.ts';
import { sessionStateNames } from '../../domain/session-states.ts';
import { parseSessionState } from '../../domain/spelling.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { withLedger } from '../reading/open-ledger.ts';
import type { SessionRow } from '../reading/rows.ts';
import { type ListingColumn, renderListing } from '../rendering/listing.ts';
import { duration, isoTime } from '../rendering/quantities.ts';
import { paintState } from '../rendering/state-style.ts';
import { jsonLine } from '../visible.ts';

/** `spanledger sessions` */
export const run: Run = (invocation) =>
  withLedger(invocation, async (reader) => {
    const { options, terminal } = invocation;
    const rows = await reader.sessions({
      states: statesOf(invocation),
      kind: options.text('kind'),
      accountId: options.text('account'),
      since: options.moment('since'),
      last: options.count('last') ?? 20,
    });
    if (options.flag('json')) for (const row of rows) await terminal.line(jsonLine(row));
    else if (rows.length === 0) await terminal.line('No sessions match.');
    else await terminal.line(renderListing(terminal, columns, rows));
    return exitCode.ok;
  });

function statesOf({ options, command }: Invocation): readonly string[] {
  return options.texts('state').map((text) => {
    const state = parseSessionState(text);
    if (state !== undefined) return state;
    const why = `There is no session state ${text}; the states are ${sessionStateNames.join(', ')}`;
    throw new SpanledgerError('USAGE', { details: { why, command } });
  });
}

const count = (title: string, of: (row: SessionRow) => number): ListingColumn<SessionRow> => ({
  title,
  align: 'right',
  text: (row) => String(of(row)),
});

const columns: readonly ListingColumn<SessionRow>[] = [
  { title: 'SESSION', text: (row) => row.id, paint: (_row, terminal, text) => terminal.style('bold', text) },
  { title: 'STATE', text: (row) => row.state, paint: (row, terminal, text) => paintState(terminal, row.state, text) },
  { title: 'KIND', text: (row) => row.kind ?? '-' },
  { title: 'ACCOUNT', text: (row) => row.account_id ?? '-' },
  count('TOTAL', (row) => row.total),
  count('IMPORTED', (row) => row.imported),
  count('SKIPPED', (row) => row.skipped),
  count('FAILED', (row) => row.failed),
  { title: 'STARTED', text: (row) => isoTime(row.started_at) },
  { title: 'TOOK', align: 'right', text: tookText },
];

/** How long the session took, or `open`. */
function tookText(row: SessionRow): string {
  if (row.ended_at === null) return 'open';
  return row.started_at === null ? '-' : duration(row.ended_at.getTime() - row.started_at.getTime());
}
