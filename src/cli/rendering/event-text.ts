import { event } from '../../telemetry/conventions.ts';
import type { EventRow } from '../reading/rows.ts';
import type { Terminal } from '../terminal.ts';
import { visible } from '../visible.ts';
import { byteSize, duration, isoTime } from './quantities.ts';
import { paintLevel } from './state-style.ts';

/** One record as one line: time, level, event, session, and what matters for its type. */
export function eventLine(terminal: Terminal, row: EventRow): string {
  const name = visible(row.event).padEnd(longestLifecycleName);
  const parts = [terminal.style('dim', isoTime(row.created_at)), paintLevel(terminal, row.level), name];
  parts.push(terminal.style('bold', visible(row.session_id ?? '-')), visible(eventText(row)));
  return parts.join('  ').trimEnd();
}

const longestLifecycleName = 'import.session.progress'.length;

/** What a record says, in a few words of its own type. */
export function eventText(row: EventRow): string {
  const details = detailsOf(row.details);
  switch (row.event) {
    case event.fileSaved:
      return savedText(row, details);
    case event.sessionProgress:
      return progressText(details) ?? row.message;
    case event.sessionComplete:
      return completeText(row, details);
    case event.itemClaim:
      return [row.item_id, labelled('by', details.locked_by), attemptText(details.attempt)].filter(isText).join(' ');
    case event.itemEnd:
      return endText(row, details);
    case event.sessionSkip:
      return text(details.note) ?? row.reason ?? row.message;
    default:
      return otherText(row, details);
  }
}

type Details = Readonly<Record<string, unknown>>;

/** The details of a record as an object; anything else has no fields. */
export function detailsOf(details: unknown): Details {
  return isObject(details) ? details : {};
}

function isObject(value: unknown): value is Details {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function savedText(row: EventRow, details: Details): string {
  const size = number(details.file_size);
  const hash = text(details.sha256);
  const path = text(details.file_path) ?? row.item_id ?? row.message;
  return [
    path,
    size === undefined ? undefined : byteSize(size),
    hash === undefined ? undefined : `sha256 ${hash.slice(0, 16)}`,
  ]
    .filter(isText)
    .join('  ');
}

function progressText(details: Details): string | undefined {
  const progress = text(details.progress);
  return progress === undefined ? undefined : [progress, countsText(details)].filter(isText).join('  ');
}

function completeText(row: EventRow, details: Details): string {
  const status = text(details.status) ?? row.to_state ?? undefined;
  const seconds = number(details.duration_seconds);
  const took = seconds === undefined ? undefined : `in ${duration(seconds * 1000)}`;
  const processed = labelled('processed', details.processed_total);
  return (
    [[status, took].filter(isText).join(' '), countsText(details), processed].filter(isText).join('  ') || row.message
  );
}

function countsText(details: Details): string | undefined {
  const counts = ['imported', 'duplicates', 'failed'].flatMap((name) => {
    const count = number(details[name]);
    return count === undefined ? [] : [`${name} ${count}`];
  });
  return counts.length === 0 ? undefined : counts.join(', ');
}

function endText(row: EventRow, details: Details): string {
  const status = text(details.status) ?? row.to_state ?? undefined;
  const reason = row.reason ?? text(details.reason);
  const took = row.duration_ms === null ? undefined : `in ${duration(row.duration_ms)}`;
  return [row.item_id, status, took, reason].filter(isText).join('  ');
}

function otherText(row: EventRow, details: Details): string {
  if (row.error_message !== null || row.event === event.sessionError) {
    const error = row.error_message ?? text(details.error) ?? row.message;
    return [row.item_id, row.error_type, error].filter(isText).join('  ');
  }
  if (row.from_state !== null && row.to_state !== null) {
    return [row.item_id, `${row.from_state} -> ${row.to_state}`, row.reason].filter(isText).join('  ');
  }
  return [row.item_id, row.message].filter(isText).join('  ');
}

function attemptText(attempt: unknown): string | undefined {
  const count = number(attempt);
  return count === undefined || count === 1 ? undefined : `attempt ${count}`;
}

function labelled(label: string, value: unknown): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : `${label} ${String(value)}`;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function isText(value: string | null | undefined): value is string {
  return typeof value === 'string' && value !== '';
}

/** A record as an object for `--json`: `time` is `created_at`, the rest is named as the columns. */
export function eventJson({
  created_at: time,
  id,
  level,
  event,
  message,
  ...rest
}: EventRow): Readonly<Record<string, unknown>> {
  return { id, time, level, event, message, ...rest };
}
