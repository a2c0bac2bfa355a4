import type { TroubleshootingReport } from '../../domain/troubleshooting-report.ts';
import type { EventRow, SessionRow, StepSummary } from '../reading/rows.ts';
import type { SessionView } from '../reading/session-view.ts';
import { shellCommand } from '../shell-words.ts';
import type { Terminal } from '../terminal.ts';
import { visible } from '../visible.ts';
import { type ListingColumn, renderListing } from './listing.ts';
import { counted, duration, isoTime, percent } from './quantities.ts';
import { badge, paintState } from './state-style.ts';
import { timelineColumns } from './timeline-columns.ts';

/** Prints everything about one session. */
export async function printSession(terminal: Terminal, view: SessionView): Promise<void> {
  const { session, timeline, slowestSteps, errors, report } = view;
  await printHead(terminal, session, report);
  if (view.removedItems > 0) await terminal.line(`  ${counted(view.removedItems, 'item')} removed by retention`);
  await heading(terminal, `Timeline (\`${shellCommand('timeline', session.id)}\` shows all)`);
  await terminal.line(indent(renderListing(terminal, timelineColumns.filter(isSessionColumn), timeline)));
  if (slowestSteps.length > 0) {
    await heading(terminal, 'Slowest steps');
    await terminal.line(indent(renderListing(terminal, stepColumns, slowestSteps)));
  }
  if (errors.length > 0) await heading(terminal, errorHeading(errors.length, report.totalErrors));
  for (const error of errors) await printError(terminal, error);
  await heading(terminal, 'Report');
  await printReportBody(terminal, report);
}

/** Prints a troubleshooting report on its own. */
export async function printReport(terminal: Terminal, report: TroubleshootingReport, state: string): Promise<void> {
  await terminal.line(
    `${terminal.style('bold', visible(report.sessionId))}  ${badge(terminal, state, visible(state))}`,
  );
  await printReportBody(terminal, report);
}

async function printHead(terminal: Terminal, session: SessionRow, report: TroubleshootingReport): Promise<void> {
  const name = terminal.style('bold', visible(session.id));
  await terminal.line(`${name}  ${badge(terminal, session.state, visible(session.state))}`);
  const facts = { kind: session.kind, account: session.account_id, service: session.service_name };
  const known = Object.entries(facts).flatMap(([label, value]) =>
    value === null ? [] : [`${label} ${visible(value)}`],
  );
  await terminal.line(`  ${[...known, `attempt ${session.attempt}`].join(', ')}`);
  if (session.reason !== null) await terminal.line(`  reason ${visible(session.reason)}`);
  await terminal.line(`  ${timesText(session)}`);
  if (session.trace_id !== null) await terminal.line(`  trace ${session.trace_id}`);
  await terminal.line();
  await terminal.line(`  ${countsText(session)}`);
  await terminal.line(`  success rate ${percent(report.stats.successRate)}`);
}

function timesText({ started_at: start, last_progress_at: progress, ended_at: end }: SessionRow): string {
  if (end === null) return `started ${isoTime(start)}, last progress ${isoTime(progress)}, still open`;
  const took = start === null ? '' : `, took ${duration(end.getTime() - start.getTime())}`;
  return `started ${isoTime(start)}, ended ${isoTime(end)}${took}`;
}

function countsText(session: SessionRow): string {
  const missing = session.missing > 0 ? ` (${session.missing} missing)` : '';
  const { total, imported, skipped, failed, processing, pending } = session;
  return `total ${total}   imported ${imported}   skipped ${skipped}   failed ${failed}${missing}   processing ${processing}   pending ${pending}`;
}

function isSessionColumn({ title }: { readonly title: string }): boolean {
  return title !== 'ITEM';
}

const stepColumns: readonly ListingColumn<StepSummary>[] = [
  { title: 'STEP', text: (step) => step.step_name },
  { title: 'COUNT', align: 'right', text: (step) => String(step.count) },
  { title: 'FAILED', align: 'right', text: (step) => String(step.failed) },
  { title: 'MEAN', align: 'right', text: (step) => duration(step.mean_ms) },
  { title: 'MAX', align: 'right', text: (step) => duration(step.max_ms) },
  { title: 'TOTAL', align: 'right', text: (step) => duration(step.total_ms) },
];

function errorHeading(shown: number, total: number): string {
  return total > shown ? `Errors (the last ${shown} of ${total})` : `Errors (${total})`;
}

const maxActionsShown = 3;

async function printError(terminal: Terminal, error: EventRow): Promise<void> {
  const where = error.item_id === null ? '' : `  ${terminal.style('bold', visible(error.item_id))}`;
  const text = visible(
    [error.error_type, error.error_message ?? error.message].filter((part) => part !== null).join(': '),
  );
  await terminal.line(`  ${terminal.style('dim', isoTime(error.created_at))}${where}  ${terminal.style('red', text)}`);
  const actions = Array.isArray(error.recommended_actions) ? error.recommended_actions : [];
  for (const action of actions.slice(0, maxActionsShown)) await terminal.line(`    -> ${visible(String(action))}`);
}

async function printReportBody(terminal: Terminal, report: TroubleshootingReport): Promise<void> {
  const categories = Object.entries(report.errorCategories).map(([name, count]) => `${visible(name)} ${count}`);
  await terminal.line(
    `  severity ${paintState(terminal, report.severity, report.severity)}, ${counted(report.totalErrors, 'error')}`,
  );
  if (categories.length > 0) await terminal.line(`  by category: ${categories.join(', ')}`);
  for (const action of report.recommendedActions) await terminal.line(`  -> ${visible(action)}`);
}

async function heading(terminal: Terminal, text: string): Promise<void> {
  await terminal.line();
  await terminal.line(terminal.style('bold', text));
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
