import type { Feed } from './feed.ts';
import { matchesRequest, type RequestFilter, requestConditions } from './request-filter.ts';
import { type RequestPage, requestColumns, toRequest } from './requests.ts';
import type { RequestRow } from './rows.ts';

/** Requests that match, to be followed; a page of them first. */
export function requestFeed(
  filter: RequestFilter,
  page: RequestPage,
  print: Feed<RequestRow>['print'],
): Feed<RequestRow> {
  const { withBodies } = page;
  return {
    query: { table: 'api_logs', columns: requestColumns(withBodies), conditions: () => requestConditions(filter) },
    newest: (reader) => reader.requests(filter, page),
    rowOf: (values) => (matchesRequest(values, filter) ? toRequest(values, withBodies) : undefined),
    keyOf: (row) =>
      JSON.stringify([row.created_at, row.trace_id, row.span_id, row.direction, row.method, row.endpoint]),
    print,
  };
}
