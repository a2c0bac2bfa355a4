// Holds retention against a ledger of real size: how long it takes, and whether those wait who write meanwhile. Needs a build.
//
//   nice node scripts/retention.js [--items 1000000] [--processes 100000] [--archive DIR] [--server URL]
//
// The ledger has nights of 10,000 items each, of which a third is young; processes with five segments each, of which a hundredth is young;
// and a unit for each young item. Any wait for a lock that retention holds is told.
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startServer } from '../bench/server.js';
import { createPostgresStore } from '../dist/shipping/postgres-store.js';
import { applyRetention } from '../dist/shipping/retention.js';

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '1000000' },
    processes: { type: 'string', default: '100000' },
    archive: { type: 'string' },
    server: { type: 'string' },
  },
});
const items = Number(values.items);
const processes = Number(values.processes);
const nightItems = 10_000;

const server = await startServer(values.server);
try {
  const url = await server.database('retention_scale');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await fill(client);
    await measure(url, client);
  } finally {
    await client.end();
    await server.drop('retention_scale');
  }
} finally {
  await server.stop();
}

async function fill(client) {
  const old = Math.round((items * 2) / 3 / nightItems);
  const nights = Math.round(items / nightItems);
  const at = `now() - interval '40 days' + (n >= ${old})::integer * interval '35 days'`;
  const statements = [
    `insert into import_sessions (id, kind, state, total, imported, service_name, started_at, last_progress_at, ended_at, version)
      select 'night-' || n, 'night', 'imported', ${nightItems}, ${nightItems}, 'importer', ${at}, ${at}, ${at}, 1
      from generate_series(0, ${nights - 1}) n`,
    `insert into import_items (session_id, id, state, attempt, service_name, instance_id, trace_id, span_id, started_at,
        last_progress_at, ended_at, version)
      select 'night-' || n, 'images/2026/item-' || i || '.jpg', 'imported', 1, 'importer', 'process-' || n, gen_random_uuid(),
        '0011223344556677', ${at}, ${at}, ${at}, 1
      from generate_series(0, ${nights - 1}) n, generate_series(1, ${nightItems}) i`,
    `insert into task_progress (trace_id, span_id, service_name, session_id, item_id, unit, task_name, step_name, status, created_at,
        updated_at, ended_at, version, instance_id)
      select trace_id, span_id, service_name, session_id, id, 'item', 'night', 'import.item', 'SUCCESS', started_at, started_at,
        ended_at, 1, instance_id from import_items where started_at > now() - interval '30 days'`,
    `insert into instances (instance_id, service_name, host, pid, started_at, last_seen_at, ended_at, exit_code, exit_evidence, rss_bytes)
      select 'process-' || n, 'importer', 'host-' || n % 50, n % 30000, at, at, at, 0, '{"by": "parent", "found": "its parent saw its end"}', 1e8
      from (select n, now() - case when n % 100 = 0 then interval '3 days' else interval '40 days' end as at
        from generate_series(0, ${processes - 1}) n) p`,
    `insert into shipments (instance_id, segment, end_offset, records, dead_letters, updated_at)
      select instance_id, lpad(s::text, 8, '0'), 8388608, 12000, 0, ended_at from instances, generate_series(1, 5) s`,
    'vacuum analyze',
  ];
  await client.query('set search_path = spanledger');
  for (const statement of statements) await client.query(statement);
}

async function measure(url, client) {
  const before = await sizes(client);
  const options = { connectionString: url, statementTimeoutMillis: 600_000 };
  const store = createPostgresStore({ ...options, maxConnections: 1 });
  const calm = await writing(url, client, () => new Promise((resolve) => setTimeout(resolve, 5_000)));
  const dry = await timed(() => applyRetention(store, { days: 30, dryRun: true }));
  const marks = new Map();
  const onProgress = (table) =>
    marks.set(table, { from: marks.get(table)?.from ?? performance.now(), to: performance.now() });
  const archive = values.archive === undefined ? {} : { archive: values.archive };
  const busy = await writing(url, client, () =>
    timed(() => applyRetention(store, { days: 30, onProgress, ...archive })),
  );
  const again = await timed(() => applyRetention(store, { days: 30 }));
  await store.close();
  await client.query('vacuum analyze');
  const after = await sizes(client);
  console.log(`Postgres ${server.version}`);
  for (const { table, rows } of busy.result.result.tables.filter(({ rows }) => rows > 0)) {
    const { from = 0, to = 0 } = marks.get(table) ?? {};
    console.log(`${table}: ${rows} rows went, ${((to - from) / 1000).toFixed(1)} s between its first and last batch`);
  }
  console.log(`dry run ${seconds(dry)}, retention ${seconds(busy.result)}, once more ${seconds(again)}`);
  for (const name of Object.keys(before))
    console.log(
      `${name}: ${before[name].rows} rows, ${before[name].size}; then ${after[name].rows}, ${after[name].size} (vacuumed)`,
    );
  for (const [name, told] of Object.entries({ calm, 'during retention': busy })) {
    const { shipments, median, worst, blocked, longest } = told;
    console.log(
      `${name}: ${shipments} shipments, median ${median.toFixed(1)} ms, longest ${worst.toFixed(1)} ms; ${blocked} looks of ${told.looks} found one waiting for retention, ${longest} ms at most`,
    );
  }
}

async function timed(work) {
  const from = performance.now();
  const result = await work();
  return { result, millis: performance.now() - from };
}

function seconds({ millis }) {
  return `${(millis / 1000).toFixed(1)} s`;
}

/** What a writer sees who ships all the time while something is done, and who waits for whom. */
async function writing(url, client, work) {
  const store = createPostgresStore({ connectionString: url, maxConnections: 3 });
  const owner = {
    instanceId: `writer-${performance.now()}`,
    service: 'writer',
    host: 'host',
    pid: 1,
    startedAt: Date.now() * 1000,
  };
  const took = [];
  let isOver = false;
  let [blocked, longest, looks] = [0, 0, 0];
  const write = async () => {
    for (let n = 1; !isOver; n += 1) {
      const rows = rowsOf(owner, n);
      const { result, millis } = await timed(() =>
        store.ship({ owner, segment: '00000001', from: n - 1, to: n, rows, records: rows.length }),
      );
      if (result.status !== 'stored') throw new Error(JSON.stringify(result));
      took.push(millis);
      if (n % 10 === 0) await store.heartbeat({ owner, seenAt: Date.now() * 1000 });
    }
  };
  const watch = async () => {
    while (!isOver) {
      looks += 1;
      const { rows } = await client.query(
        `select extract(epoch from clock_timestamp() - query_start) * 1000 as millis from pg_stat_activity
          where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0`,
      );
      blocked += rows.length > 0 ? 1 : 0;
      longest = Math.max(longest, ...rows.map(({ millis }) => Math.round(Number(millis))));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const others = [write(), watch()];
  const result = await Promise.race([work(), ...others]).finally(() => {
    isOver = true;
  });
  await Promise.all(others);
  await store.close();
  const sorted = took.toSorted((one, other) => one - other);
  return {
    result,
    shipments: took.length,
    median: sorted[sorted.length >> 1] ?? 0,
    worst: sorted.at(-1) ?? 0,
    blocked,
    longest,
    looks,
  };
}

/** Twenty items of a session at work, with their units and records. */
function rowsOf(owner, n) {
  const at = Date.now() * 1000;
  const traceId = n.toString(16).padStart(32, '0');
  const told = { service_name: owner.service, trace_id: traceId, session_id: owner.instanceId };
  return Array.from({ length: 20 }, (_, index) => {
    const span = index.toString(16).padStart(16, '0');
    const state = { instance_id: owner.instanceId, version: at };
    return [
      {
        table: 'audit_log',
        values: { ...told, created_at: at, level: 'info', category: 'c', event: 'e', message: 'm' },
      },
      {
        table: 'task_progress',
        values: {
          ...told,
          ...state,
          span_id: span,
          unit: 'item',
          task_name: 't',
          step_name: 's',
          status: 'SUCCESS',
          created_at: at,
          updated_at: at,
          ended_at: at,
        },
      },
      {
        table: 'import_items',
        values: {
          ...told,
          ...state,
          id: `${n}-${index}`,
          span_id: span,
          state: 'imported',
          started_at: at,
          last_progress_at: at,
          ended_at: at,
        },
      },
    ];
  }).flat();
}

async function sizes(client) {
  const found = {};
  for (const name of ['import_items', 'instances', 'shipments']) {
    const { rows } = await client.query(
      `select count(*)::integer as rows, pg_size_pretty(pg_total_relation_size('${name}')) as size from ${name}`,
    );
    found[name] = rows[0];
  }
  return found;
}
