import { toEventRow } from './cells.ts';
import type { Feed } from './feed.ts';
import type { EventFilter } from './ledger-reader.ts';
import { matchesDetails, mayMatchEvent } from './row-filter.ts';
import type { EventRow } from './rows.ts';
import { eventColumns, eventConditions } from './store-reader.ts';

/** Records of the audit log that match, to be followed; `last` of them first. */
export function eventFeed(filter: EventFilter, last: number, print: Feed<EventRow>['print']): Feed<EventRow> {
  return {
    query: { table: 'audit_log', columns: eventColumns, conditions: () => eventConditions(filter) },
    newest: (reader) => reader.events(filter, last),
    rowOf(values) {
      if (!mayMatchEvent(values, filter)) return undefined;
      const row = toEventRow(values);
      return matchesDetails(row, filter) ? row : undefined;
    },
    keyOf: (row) =>
      JSON.stringify([row.created_at, row.trace_id, row.span_id, row.seq, row.event, row.item_id, row.message]),
    print,
  };
}
