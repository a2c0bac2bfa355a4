import { type ExitCode, exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import type { LedgerReader } from '../reading/ledger-reader.ts';
import { withLedger } from '../reading/open-ledger.ts';
import type { SessionRow } from '../reading/rows.ts';
import { checkSession, type SessionCheck } from '../reading/session-check.ts';
import { findSession } from '../reading/session-lookup.ts';
import { paintState } from '../rendering/state-style.ts';
import { jsonLine, visible } from '../visible.ts';
import { resolveWorkplace } from '../workplace.ts';

/** `spanledger check [ID]` */
export const run: Run = async (invocation) => {
  const findings: SessionCheck[] = [];
  const code = await withLedger(invocation, (reader) => check(invocation, reader, findings), { fromJournal: false });
  if (invocation.options.flag('record') && findings.length > 0) await record(invocation, findings);
  return code;
};

async function check(invocation: Invocation, reader: LedgerReader, findings: SessionCheck[]): Promise<ExitCode> {
  const { terminal, options } = invocation;
  const sessions = await sessionsToCheck(invocation, reader);
  for (const session of sessions) {
    const result = await checkSession(reader, session);
    if (!result.report.isConsistent) findings.push(result);
    if (options.flag('json')) await terminal.line(jsonLine(checkJson(result)));
    else if (!result.report.isConsistent || sessions.length === 1) await printCheck(invocation, result);
  }
  if (!options.flag('json')) await terminal.line(`${sessions.length} checked, ${findings.length} inconsistent.`);
  return findings.length === 0 ? exitCode.ok : exitCode.finding;
}

async function record(invocation: Invocation, findings: readonly SessionCheck[]): Promise<void> {
  const workplace = resolveWorkplace(invocation);
  const { recordFindings } = await import('../finding-records.ts');
  const { shipNow } = await import('../command-journal.ts');
  recordFindings(workplace.directory, findings);
  await shipNow(workplace);
}

const maxChecked = 1_000_000;

async function sessionsToCheck(
  { options, arguments: [id] }: Invocation,
  reader: LedgerReader,
): Promise<readonly SessionRow[]> {
  if (id !== undefined) return [await findSession(reader, id)];
  return reader.sessions({ openOrEndedSince: options.moment('since'), last: maxChecked });
}

function checkJson({ session, report }: SessionCheck): Readonly<Record<string, unknown>> {
  const { isConsistent: consistent, issues, notes, recommendations } = report;
  return { session_id: session.id, state: session.state, consistent, issues, notes, recommendations };
}

async function printCheck({ terminal }: Invocation, { session, report }: SessionCheck): Promise<void> {
  const verdict = report.isConsistent ? terminal.style('green', 'consistent') : terminal.style('red', 'INCONSISTENT');
  await terminal.line(
    `${visible(session.id)}  ${paintState(terminal, session.state, visible(session.state))}  ${verdict}`,
  );
  for (const { rule, message, recommendation } of report.issues) {
    await terminal.line(`  rule ${rule}: ${visible(message)}`);
    await terminal.line(`    -> ${visible(recommendation)}`);
  }
  for (const note of report.notes) await terminal.line(`  note: ${visible(note)}`);
}
