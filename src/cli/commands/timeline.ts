import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import { withLedger } from '../reading/open-ledger.ts';
import { findSession } from '../reading/session-lookup.ts';
import { readTimeline } from '../reading/timeline.ts';
import { renderListing } from '../rendering/listing.ts';
import { timelineColumns } from '../rendering/timeline-columns.ts';
import { jsonLine } from '../visible.ts';

/** `spanledger timeline ID` */
export const run: Run = (invocation) =>
  withLedger(invocation, async (reader) => {
    const { options, terminal } = invocation;
    const session = await findSession(reader, invocation.arguments[0] ?? '');
    const timeline = await readTimeline(reader, session, options.count('last') ?? 200);
    if (options.flag('json')) for (const entry of timeline) await terminal.line(jsonLine(entry));
    else if (timeline.length === 0) await terminal.line('Nothing is recorded of this session but its state.');
    else await terminal.line(renderListing(terminal, timelineColumns, timeline));
    return exitCode.ok;
  });
