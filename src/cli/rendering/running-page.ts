import { describeOpenWork, type OpenWork, treeOf } from '../reading/open-work.ts';
import type { ProcessRow } from '../reading/process-row.ts';
import type { RunningRow } from '../reading/rows.ts';
import type { Style, Terminal } from '../terminal.ts';
import { visible } from '../visible.ts';
import { type ListingColumn, renderListing } from './listing.ts';
import { processLines } from './process-lines.ts';
import { duration, isoTime, rate } from './quantities.ts';

/** Open work by process, as trees of units; and processes that live and have none. */
export function runningPage(
  terminal: Terminal,
  rows: readonly RunningRow[],
  processes: readonly ProcessRow[],
  now: Date,
): readonly string[] {
  const groups = new Map<string | null, RunningRow[]>();
  for (const row of rows) groups.set(row.instance_id, [...(groups.get(row.instance_id) ?? []), row]);
  const lines = [...groups.values()].flatMap((group) => [...groupLines(terminal, group, now), '']);
  const idle = processes.filter(({ instance_id: instance }) => !groups.has(instance));
  for (const process of idle) lines.push(...processLines(terminal, process, now), '  no open work', '');
  return lines.length === 0 ? ['Nothing is running.'] : lines.slice(0, -1);
}

function groupLines(terminal: Terminal, rows: readonly RunningRow[], now: Date): readonly string[] {
  const [first] = rows;
  const title =
    first?.process === null || first === undefined
      ? [terminal.style('bold', visible(`${first?.service_name ?? '?'}, process unknown`))]
      : processLines(terminal, first.process, now);
  const tree = treeOf(rows).map(({ row, depth }) => ({ work: describeOpenWork(row), depth }));
  return [...title, renderListing(terminal, columns, tree), ...remarks(tree.map(({ work }) => work))];
}

/** One line of the tree. */
interface Line {
  readonly work: OpenWork;
  readonly depth: number;
}

const columns: readonly ListingColumn<Line>[] = [
  { title: '  WHAT', text: ({ work, depth }) => `${'  '.repeat(depth + 1)}${unitText(work)}` },
  // Beside the unit: what stands at the end of the line is not to be seen on a narrow screen.
  {
    title: 'VERDICT',
    text: ({ work }) => work.verdict,
    paint: ({ work }, terminal, text) => terminal.style(verdictStyles[work.verdict] ?? 'yellow', text),
  },
  { title: 'DONE', align: 'right', text: ({ work }) => doneText(work) },
  { title: 'RATE', align: 'right', text: ({ work }) => (work.rate === null ? '-' : rate(work.rate)) },
  { title: 'AGE', align: 'right', text: ({ work }) => duration(work.running_seconds * 1000) },
  { title: 'SILENT', align: 'right', text: ({ work }) => duration(Math.max(0, work.silent_seconds) * 1000) },
  { title: 'ENDS', text: ({ work }) => endText(work) },
  { title: 'LAST EVENT', text: ({ work }) => lastEventText(work) },
];

/** Verdicts in their colours. */
export const verdictStyles: Readonly<Record<string, Style>> = {
  running: 'green',
  waiting: 'cyan',
  stuck: 'red',
  lost: 'red',
};

/** `session local-7`, `item a.jpg`, `step analyze`, `batch 3`. */
export function unitText(work: OpenWork): string {
  const { unit, session_id: session, item_id: item, task_name: task, step_name: step } = work;
  if (unit === 'session') return `session ${session} (${task})`;
  if (unit === 'item') return `item ${item}`;
  return `${unit} ${step}`;
}

function doneText({ done, total }: OpenWork): string {
  return done === null && total === null ? '-' : `${done ?? 0}/${total ?? '?'}`;
}

function endText({ expected_end: end, expected_end_source: source }: OpenWork): string {
  return end === null ? '-' : `${isoTime(end).replace(/\.\d+/, '')} (${source})`;
}

function lastEventText({
  last_event: event,
  last_event_at: at,
  started_at: begun,
  running_seconds: age,
}: OpenWork): string {
  if (event === null) return '-';
  const now = begun.getTime() + age * 1000;
  return at === null ? event : `${event} ${duration(Math.max(0, now - at.getTime()))} ago`;
}

/** What the columns do not tell: waits, what the end is expected from, and what is unusual. */
function remarks(works: readonly OpenWork[]): readonly string[] {
  return works.flatMap((work) => {
    const told = [
      work.verdict === 'running' ? undefined : work.reason,
      work.expected_end_basis === null ? undefined : `expected end: ${work.expected_end_basis}`,
      work.anomaly === null ? undefined : `unusual: ${work.anomaly}`,
    ].filter((text) => text !== undefined);
    return told.length === 0 ? [] : [visible(`    ${unitText(work)}: ${told.join('; ')}`)];
  });
}
