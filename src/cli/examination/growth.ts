import { tables } from '../../projection/tables.ts';
import { quoteIdentifier } from '../../shipping/identifier.ts';
import type { SqlLedgerStore } from '../../shipping/ledger-store.ts';
import { countOverdue, mostCounted } from '../../shipping/retention-overdue.ts';
import { byteSize, counted } from '../rendering/quantities.ts';
import { type Observation, well } from './observation.ts';

const watched = [...Object.keys(tables), 'instances', 'shipments', 'trimmed_sessions'];

/** How large the tables are, and what in them is older than it is to be and grows in number for ever. */
export async function examineGrowth(store: SqlLedgerStore, days: number): Promise<Observation> {
  const sizes = await readSizes(store);
  const { sessions, processes } = await countOverdue(store, days);
  const largest = sizes.slice(0, shown).map(({ name, bytes }) => `${name} ${byteSize(bytes)}`);
  const overdue = [
    ...(sessions > 0 ? [`items of ${upTo(sessions, 'session')} that are over`] : []),
    ...(processes > 0 ? [`${upTo(processes, 'process', 'processes')} that are gone`] : []),
  ];
  const old =
    overdue.length === 0
      ? ''
      : `; older than ${days} days: ${overdue.join(', ')}, \`spanledger retention\` removes them`;
  const bytes = Object.fromEntries(sizes.map((table) => [table.name, table.bytes]));
  return well('growth', `${largest.join(', ')}${old}`, { bytes, old: { sessions, processes } });
}

const shown = 3;

function upTo(count: number, noun: string, nouns = `${noun}s`): string {
  if (count >= mostCounted) return `${count} ${nouns} or more`;
  return count === 1 ? counted(1, noun) : `${count} ${nouns}`;
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
