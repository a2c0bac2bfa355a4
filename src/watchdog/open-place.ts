import type { OpenPlace, PendingCall } from '../journal/process-state.ts';
import type { Sanitizer } from '../storable/sanitizer.ts';
import { toPendingCall } from './call-summary.ts';
import { type BoardEntry, type BoardMemory, oldestStart, readBoard } from './open-board.ts';

/** A call is told of once it takes this long. */
const pendingAfterMicros = 1_000_000;

/**
 * The unit with that span; else the one that is known, or the one that began last: most probably what runs.
 *
 * @param known what was found before
 */
export function placeOf(
  units: BoardMemory,
  sanitizer: Sanitizer,
  spanId: string | undefined,
  known: OpenPlace | undefined,
): OpenPlace | undefined {
  // What comes out of native code may have ended meanwhile.
  if (known !== undefined && known.span_id === spanId) return { ...known, found_by: 'context' };
  const open = readBoard(units);
  const entry = open.find(({ fields }) => fields[2] === spanId);
  if (entry !== undefined) return toPlace(entry, 'context', sanitizer);
  const last = open.at(-1);
  return known ?? (last && toPlace(last, 'last begun', sanitizer));
}

/** The oldest call to another system that has no answer, once it takes a second. */
export function pendingCallOf(calls: BoardMemory, sanitizer: Sanitizer): PendingCall | undefined {
  const latest = Date.now() * 1000 - pendingAfterMicros;
  if ((oldestStart(calls) ?? latest + 1) > latest) return undefined;
  const [oldest] = readBoard(calls);
  return oldest === undefined ? undefined : toPendingCall(oldest, sanitizer);
}

/** In the order in which the span processor writes them. */
function toPlace({ startedAt, fields }: BoardEntry, foundBy: OpenPlace['found_by'], sanitizer: Sanitizer): OpenPlace {
  const [unit = '', traceId = '', spanId = '', task = '', step = '', session = '', item = ''] = fields;
  return {
    unit,
    ...(task !== '' && { task_name: sanitizer.name(task) }),
    ...(step !== '' && { step_name: sanitizer.name(step) }),
    ...(session !== '' && { session_id: sanitizer.id(session) }),
    ...(item !== '' && { item_id: sanitizer.id(item) }),
    trace_id: traceId,
    span_id: spanId,
    started_at: new Date(startedAt / 1000).toISOString(),
    found_by: foundBy,
  };
}
