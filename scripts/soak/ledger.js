// @ts-check
import pg from 'pg';
import '../../test/harness/typescript.js';

/**
 * Whether the ledger tells of all that was done, once, and whether nothing is left open. Call it when all programs have ended.
 * @param {import('./stage.js').Stage} stage
 */
export async function checkLedger(stage) {
  const { accounting } = await import('../../test/faults/accounting.ts');
  const written = await stage.lines.total();
  const client = new pg.Client({ connectionString: stage.url });
  await client.connect();
  try {
    const totals = await totalsOf(client);
    const findings = [
      ...(await shippedOnce(client, written)),
      ...(await workToldOf(client)),
      ...(await leftOpen(client)),
    ];
    const { faults, dropped, deadLetters } = await accounting({
      url: stage.url,
      directories: [stage.ledger],
      acknowledged: [],
    });
    const appended = [...written.values()].reduce((sum, records) => sum + records, 0);
    if (deadLetters > 0) findings.push(`the database refused ${deadLetters} records`);
    return { totals: { appended, dropped, deadLetters, ...totals }, findings: [...findings, ...faults] };
  } finally {
    await client.end();
  }
}

/** @param {pg.Client} client */
async function totalsOf(client) {
  const { rows } = await client.query(`select
    (select coalesce(sum(records), 0) from spanledger.shipments)::float8 as shipped,
    (select count(*) from spanledger.import_sessions)::int as sessions,
    (select count(*) from spanledger.import_items)::int as items,
    (select count(*) from inventory_history)::int as stored,
    (select count(*) from spanledger.lost_units)::int as interrupted,
    (select count(*) from spanledger.instances)::int as processes,
    (select count(*) from spanledger.audit_log where event = 'runtime.stall.begin')::int as stalls`);
  return rows[0];
}

/**
 * Each line of each segment, counted from outside, was shipped once.
 * @param {pg.Client} client
 * @param {ReadonlyMap<string, number>} written
 */
async function shippedOnce(client, written) {
  const { rows } = await client.query(
    `select instance_id || ' ' || segment as key, records::float8 as records, dead_letters::float8 as refused from spanledger.shipments`,
  );
  const shipped = new Map(rows.map(({ key, records, refused }) => [key, records + refused]));
  return [...new Set([...written.keys(), ...shipped.keys()])].flatMap((key) => {
    const [lines, records] = [written.get(key) ?? 0, shipped.get(key) ?? 0];
    return lines === records ? [] : [`segment ${key}: ${lines} records were written, ${records} were shipped`];
  });
}

/** What the daemon has in its own tables, the ledger knows of. @param {pg.Client} client */
async function workToldOf(client) {
  const { rows } = await client.query(`select h.cycle, h.page from inventory_history h
    left join spanledger.import_items i on i.session_id = h.cycle and i.id = h.page and i.state <> 'pending'
    where i.id is null limit 10`);
  return rows.map(({ cycle, page }) => `page ${page} of ${cycle} was stored, and the ledger knows nothing of it`);
}

/** @param {pg.Client} client */
async function leftOpen(client) {
  const { rows } = await client.query(
    `select unit, step_name, session_id from spanledger.task_progress where ended_at is null limit 10`,
  );
  return rows.map(
    ({ unit, step_name, session_id }) => `left open: ${unit} ${step_name ?? ''} of ${session_id ?? 'no session'}`,
  );
}
