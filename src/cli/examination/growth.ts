import { quoteIdentifier } from '../../shipping/identifier.ts';
import type { SqlLedgerStore } from '../../shipping/ledger-store.ts';
import { countOverdue, mostCounted } from '../../shipping/retention-overdue.ts';
import { trimmedTables } from '../../shipping/retention-rules.ts';
import { byteSize } from '../rendering/quantities.ts';
import { type Observation, well } from './observation.ts';

const watched = [...trimmedTables, 'trimmed_sessions'];

/** How large the tables are, and what in them is older than it is to be and grows in number for ever. */
export async function examineGrowth(store: SqlLedgerStore, days: number): Promise<Observation> {
  const sizes = await readSizes(store);
  const old = await countOverdue(store, days);
  const largest = sizes.slice(0, shown).map(({ name, bytes }) => `${name} ${byteSize(bytes)}`);
  const due = [
    ...(old.sessions > 0 ? [`items of ${upTo(old.sessions)} sessions that are over`] : []),
    ...(old.processes > 0 ? [`${upTo(old.processes)} processes that are gone`] : []),
  ];
  const parts = [
    largest.join(', '),
    ...(due.length > 0 ? [`older than ${days} days: ${due.join(', ')}, \`spanledger retention\` removes them`] : []),
    ...(old.failed > 0
      ? [`kept for another run: items of ${upTo(old.failed)} failed sessions (\`--session-days\`)`]
      : []),
  ];
  const bytes = Object.fromEntries(sizes.map((table) => [table.name, table.bytes]));
  return well('growth', parts.join('; '), { bytes, old });
}

const shown = 3;

function upTo(count: number): string {
  return count < mostCounted ? String(count) : `${count} or more`;
}

/** With indexes and partitions, the largest first. */
function readSizes(store: SqlLedgerStore): Promise<readonly { readonly name: string; readonly bytes: number }[]> {
  return store.query(
    `select c.relname as name, (pg_total_relation_size(c.oid) + coalesce((
        select sum(pg_total_relation_size(i.inhrelid)) from pg_catalog.pg_inherits i where i.inhparent = c.oid), 0))::bigint as bytes
      from pg_catalog.pg_class c where c.relnamespace = to_regnamespace($1) and c.relname = any($2::text[])
      order by bytes desc, name`,
    [quoteIdentifier(store.schema), watched],
  );
}
