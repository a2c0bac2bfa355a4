import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import { withLedger } from '../reading/open-ledger.ts';
import { findSession } from '../reading/session-lookup.ts';
import { reportJson, reportOn } from '../reading/session-report.ts';
import { printReport } from '../rendering/session-page.ts';
import { jsonLine } from '../visible.ts';

/** `spanledger report ID` */
export const run: Run = (invocation) =>
  withLedger(invocation, async (reader) => {
    const { options, terminal } = invocation;
    const session = await findSession(reader, invocation.arguments[0] ?? '');
    const report = await reportOn(reader, session);
    if (options.flag('json')) await terminal.line(jsonLine(reportJson(report)));
    else await printReport(terminal, report, session.state);
    return exitCode.ok;
  });
