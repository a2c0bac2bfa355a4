import type { DatabaseSession } from '../reading/database-waits.ts';
import type { ProcessRow } from '../reading/process-row.ts';
import type { MatchedWait, StuckUnit, StuckWork } from '../reading/stuck-work.ts';
import type { Terminal } from '../terminal.ts';
import { visible } from '../visible.ts';
import { processLines } from './process-lines.ts';
import { duration, isoTime } from './quantities.ts';
import { unitText, verdictStyles } from './running-page.ts';

/** What does not advance: since when, compared with what, and where; by process. */
export function stuckPage(terminal: Terminal, found: StuckWork, now: Date): readonly string[] {
  if (found.units.length + found.blocked.length === 0) return ['Nothing is stuck.'];
  const groups = new Map<string | null, StuckUnit[]>();
  for (const unit of found.units) groups.set(unit.instance_id, [...(groups.get(unit.instance_id) ?? []), unit]);
  const alone = found.blocked.filter(({ instance_id: instance }) => !groups.has(instance));
  return [
    ...[...groups.values()].flatMap((units) => groupLines(terminal, units, now)),
    ...alone.flatMap((process) => processLines(terminal, process, now)),
    ...databaseLines(terminal, found),
  ];
}

function groupLines(terminal: Terminal, units: readonly StuckUnit[], now: Date): readonly string[] {
  const [first] = units;
  const process: ProcessRow | null = first?.process ?? null;
  const title =
    process === null
      ? [terminal.style('bold', visible(`${first?.service_name ?? '?'}, process unknown`))]
      : processLines(terminal, process, now);
  return [...title, ...units.flatMap((unit) => unitLines(terminal, unit))];
}

function unitLines(terminal: Terminal, unit: StuckUnit): readonly string[] {
  const verdict = terminal.style(verdictStyles[unit.verdict] ?? 'red', unit.verdict.toUpperCase());
  const told = [
    `since ${isoTime(unit.last_progress_at)}: ${unit.reason}`,
    unit.anomaly === null ? undefined : `it takes ${unit.anomaly}`,
    unit.last_event === null ? undefined : `last event ${unit.last_event} at ${isoTime(unit.last_event_at)}`,
    unit.done === null ? undefined : `${unit.done} of ${unit.total ?? '?'} done`,
  ].filter((text) => text !== undefined);
  return [
    `  ${verdict} ${visible(unit.path.map(unitText).join(' > '))}`,
    ...told.map((text) => `    ${visible(text)}`),
  ];
}

function databaseLines(terminal: Terminal, { waits, database }: StuckWork): readonly string[] {
  if (database === undefined) return [];
  const own = waits.filter(({ instance_id: instance }) => instance !== null);
  const shown = own.length > 0 ? own : waits;
  const note = database.seesStatements
    ? []
    : [
        `  The role ${visible(database.role)} does not see the statements of others, so they are told apart by name alone; grant it pg_read_all_stats.`,
      ];
  if (shown.length === 0) return [];
  const title =
    own.length > 0 ? 'Waits in the database' : 'Waits in the database, of none of these processes as far as is known';
  return [terminal.style('bold', title), ...shown.flatMap((wait) => waitLines(wait)), ...note];
}

function waitLines(wait: MatchedWait): readonly string[] {
  const by = wait.matched_by === null ? '' : ` (recognised by its ${wait.matched_by.replace('_', ' ')})`;
  return [
    `  ${sessionText(wait)} waits${seconds(wait.waiting_seconds)} for ${visible(`${wait.lock_mode ?? 'a lock'} on ${wait.locked ?? '?'}`)}${by}${queryText(wait)}`,
    ...wait.blocked_by.map(
      (blocker) =>
        `    blocked by ${sessionText(blocker)}, ${visible(blocker.state ?? 'state unknown')}${seconds(blocker.transaction_seconds, ' in transaction')}${queryText(blocker)}`,
    ),
  ];
}

function sessionText({ pid, application_name: name, user_name: user }: DatabaseSession): string {
  return visible(
    `session ${pid}${name === null || name === '' ? '' : ` of ${name}`}${user === null ? '' : ` as ${user}`}`,
  );
}

function seconds(value: number | null, how = ''): string {
  return value === null ? '' : `${how} ${duration(value * 1000)}`;
}

function queryText({ query }: DatabaseSession): string {
  return query === null || query === '' ? '' : `: ${visible(query.replace(/\s+/g, ' '))}`;
}
