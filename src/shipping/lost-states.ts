import { qualified } from './identifier.ts';
import type { Closing } from './lost-units.ts';
import type { SqlConnection } from './sql-connection.ts';

/** Fails the items and sessions whose units are closed, unless somebody else has taken them up meanwhile. */
export async function failStates(
  connection: SqlConnection,
  schema: string,
  { closings, instanceId, reason }: { closings: readonly Closing[]; instanceId: string; reason: string },
): Promise<void> {
  const failing = closings.filter(({ unit }) => (unit.steps?.length ?? 0) > 0);
  const items = failing.filter(({ unit }) => unit.unit === 'item');
  const sessions = failing.filter(({ unit }) => unit.unit === 'session');
  const end = `(select coalesce(d.ended_at, d.last_seen_at) from ${qualified(schema, 'instances')} d where d.instance_id = $1)`;
  if (items.length > 0) {
    await connection.query(
      `update ${qualified(schema, 'import_items')} i
        set state = 'failed', reason = $2, ended_at = greatest(i.last_progress_at, ${end})
        from unnest($3::text[], $4::text[], $5::bigint[]) as u(session_id, id, version)
        where i.session_id = u.session_id and i.id = u.id and i.instance_id = $1 and i.version = u.version`,
      [
        instanceId,
        reason,
        items.map(({ row }) => row.session_id),
        items.map(({ row }) => row.item_id),
        items.map(({ row }) => row.state_version),
      ],
    );
  }
  if (sessions.length === 0) return;
  await connection.query(
    `update ${qualified(schema, 'import_sessions')} s
      set state = 'failed', reason = $2, ended_at = greatest(s.last_progress_at, ${end})
      from unnest($3::text[], $4::bigint[]) as u(id, version)
      where s.id = u.id and s.instance_id = $1 and s.version = u.version`,
    [instanceId, reason, sessions.map(({ row }) => row.session_id), sessions.map(({ row }) => row.state_version)],
  );
}

/**
 * Fails once more what records that came late have opened again: their process is as gone as before. Who reads the audit log finds the
 * moves in the order of their times, so there is nothing to add to it.
 */
export async function failReopened(
  connection: SqlConnection,
  schema: string,
  { instanceId, reason }: { readonly instanceId: string; readonly reason: string },
): Promise<void> {
  const name = (table: string) => qualified(schema, table);
  const end = `(select coalesce(d.ended_at, d.last_seen_at) from ${name('instances')} d where d.instance_id = $1)`;
  await connection.query(
    `update ${name('import_items')} i
      set state = 'failed', reason = $2, ended_at = greatest(i.last_progress_at, ${end})
      from ${name('lost_units')} u
      where u.instance_id = $1 and u.unit = 'item' and i.session_id = u.session_id and i.id = u.item_id
        and i.instance_id = $1 and i.trace_id = u.trace_id and i.span_id = u.span_id and i.ended_at is null`,
    [instanceId, reason],
  );
  await connection.query(
    `update ${name('import_sessions')} s
      set state = 'failed', reason = $2, ended_at = greatest(s.last_progress_at, ${end})
      from ${name('lost_units')} u
      where u.instance_id = $1 and u.unit = 'session' and s.id = u.session_id and s.instance_id = $1
        and s.trace_id = u.trace_id and s.ended_at is null`,
    [instanceId, reason],
  );
}

/**
 * Counts the items of sessions anew, those that never began as before: they have no rows. Sessions of which retention has removed items
 * keep their counts: they are all that tells of them.
 */
export async function recount(connection: SqlConnection, schema: string, instanceId: string): Promise<void> {
  await connection.query(
    `update ${qualified(schema, 'import_sessions')} s
      set processing = c.processing, imported = c.imported, skipped = c.skipped, failed = c.failed, missing = c.missing,
        total = greatest(coalesce(s.total, 0), c.total),
        pending = greatest(coalesce(s.total, 0), c.total) - c.processing - c.imported - c.skipped - c.failed
      from (
        select i.session_id, count(*) as total,
          count(*) filter (where i.state in ('analyzing', 'checking', 'moving', 'updating')) as processing,
          count(*) filter (where i.state in ('imported', 'source_restored', 'path_updated', 'warning')) as imported,
          count(*) filter (where i.state = 'skipped') as skipped,
          count(*) filter (where i.state in ('failed', 'missing')) as failed,
          count(*) filter (where i.state = 'missing') as missing
        from ${qualified(schema, 'import_items')} i
        where i.session_id in (
          select u.session_id from ${qualified(schema, 'lost_units')} u where u.instance_id = $1 and u.unit in ('session', 'item'))
          and i.session_id not in (select t.session_id from ${qualified(schema, 'trimmed_sessions')} t)
        group by i.session_id
      ) c
      where s.id = c.session_id and s.instance_id = $1
        and (s.processing, s.imported, s.skipped, s.failed, s.missing)
          is distinct from (c.processing, c.imported, c.skipped, c.failed, c.missing)`,
    [instanceId],
  );
}
