import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import { withLedger } from '../reading/open-ledger.ts';
import { findSession } from '../reading/session-lookup.ts';
import { reportJson } from '../reading/session-report.ts';
import { readSessionView, type SessionView } from '../reading/session-view.ts';
import { eventJson } from '../rendering/event-text.ts';
import { printSession } from '../rendering/session-page.ts';
import { jsonLine } from '../visible.ts';

/** `spanledger session ID` */
export const run: Run = (invocation) =>
  withLedger(invocation, async (reader) => {
    const { options, terminal } = invocation;
    const session = await findSession(reader, invocation.arguments[0] ?? '');
    const view = await readSessionView(reader, session);
    if (options.flag('json')) await terminal.line(jsonLine(viewJson(view)));
    else await printSession(terminal, view);
    return exitCode.ok;
  });

function viewJson({
  session,
  removedItems,
  timeline,
  slowestSteps,
  errors,
  report,
}: SessionView): Readonly<Record<string, unknown>> {
  return {
    ...session,
    removed_items: removedItems,
    timeline,
    slowest_steps: slowestSteps,
    errors: errors.map(eventJson),
    report: reportJson(report),
  };
}
