import { judgeClaim } from '../../domain/chronology.ts';
import { exitCode, isUnknown } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import type { LedgerReader } from '../reading/ledger-reader.ts';
import { withLedger } from '../reading/open-ledger.ts';
import { findSubject, traceIdOf } from '../reading/subject.ts';
import { readBareTrace, readTimeline, type Timeline } from '../reading/timeline.ts';
import { lifeLines } from '../rendering/life-lines.ts';
import { renderListing } from '../rendering/listing.ts';
import { timelineColumns } from '../rendering/timeline-columns.ts';
import { jsonLine } from '../visible.ts';

/** `spanledger timeline ID` */
export const run: Run = (invocation) =>
  withLedger(invocation, async (reader) => {
    const { options, terminal } = invocation;
    const timeline = await timelineOf(reader, invocation.arguments[0] ?? '', options.count('last') ?? 200);
    if (options.flag('json')) for (const entry of timeline.entries) await terminal.line(jsonLine(entry));
    else if (timeline.entries.length === 0) await terminal.line('Nothing is recorded of this session but its state.');
    else await terminal.line(renderListing(terminal, timelineColumns, timeline.entries));
    await tellLives(invocation, timeline);
    return exitCode.ok;
  });

async function timelineOf(reader: LedgerReader, id: string, last: number): Promise<Timeline> {
  try {
    return await readTimeline(reader, await findSubject(reader, id), last);
  } catch (error) {
    const traceId = isUnknown(error) ? traceIdOf(id) : undefined;
    const bare = traceId === undefined ? undefined : await readBareTrace(reader, traceId, last);
    if (bare === undefined || bare.entries.length === 0) throw error;
    return bare;
  }
}

/** What the rows say of the processes, and of a claim. */
async function tellLives({ options, terminal }: Invocation, { lives }: Timeline): Promise<void> {
  const claimSeconds = options.count('claim');
  const claim = claimSeconds === undefined ? undefined : judgeClaim(claimSeconds * 1000, lives);
  if (options.flag('json')) {
    const judged = claim === undefined ? {} : { claim_ms: (claimSeconds ?? 0) * 1000, ...claim };
    await terminal.line(jsonLine({ ...judged, lives }));
    return;
  }
  const lines = lifeLines(lives);
  if (lines.length > 0) await terminal.line();
  for (const line of lines) await terminal.line(line);
  if (claim !== undefined) await terminal.line(`claim ${claim.judgement}: ${claim.reason}.`);
}
