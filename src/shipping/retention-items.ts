import { goes, isOver, nameOf, type RetentionScope, scopeValues } from './retention-rules.ts';

/** A session and how many of its items go. */
export type OldItems = { readonly id: string; readonly rows: number };

/** Sessions that are looked at in one statement. */
const pageSessions = 1_000;

/**
 * Sessions of which items go, page by page. Jumps through the key from session to session, and counts only where something may go: a
 * million items of the last nights are passed over in a few steps.
 */
export async function* readOldItems(scope: RetentionScope): AsyncGenerator<readonly OldItems[], void> {
  const items = nameOf(scope, 'import_items');
  const sessions = nameOf(scope, 'import_sessions');
  const behind = (id: string) =>
    `select i.session_id from ${items} i where i.session_id > ${id} order by i.session_id limit 1`;
  const sql = `with recursive held (session_id) as (
      (${behind('$5')})
      union all
      select (${behind('h.session_id')}) from held h where h.session_id is not null
    ), page as materialized (
      select session_id from held where session_id is not null limit ${pageSessions}
    )
    select p.session_id as id, case when s.id is null or (${isOver(scope)})
        then (select count(*) from ${items} r where r.session_id = p.session_id and ${goes(scope, 'import_items')})
        else 0 end as rows
      from page p left join ${sessions} s on s.id = p.session_id order by p.session_id`;
  for (let last = ''; ; ) {
    const page = await scope.store.database.transaction(
      (connection) => connection.query<OldItems>(sql, [...scopeValues(scope), last]),
      'read only',
    );
    yield page.filter(({ rows }) => rows > 0);
    const end = page.at(-1);
    if (end === undefined || page.length < pageSessions) return;
    last = end.id;
  }
}

/** Puts small sessions together, up to a number of rows: a transaction for each of a thousand items would take a thousand commits. */
export function groupSessions(found: readonly OldItems[], batchRows: number): readonly (readonly string[])[] {
  const groups: { readonly ids: string[]; rows: number }[] = [];
  for (const { id, rows } of found) {
    const last = groups.at(-1);
    if (last !== undefined && last.rows + rows <= batchRows) {
      last.ids.push(id);
      last.rows += rows;
    } else groups.push({ ids: [id], rows });
  }
  return groups.map(({ ids }) => ids);
}
