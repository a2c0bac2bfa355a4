// @ts-check
// A ledger as it is after months of imports, made inside the server, with its indexes built at the end. What is in it follows from
// numbers, so that whoever asks knows which sessions, items and traces there are.
import { createHash } from 'node:crypto';
import { withClient } from './server.js';

const rowsPerSession = 1_000;
const rowsPerTrace = 10;
const rowsPerItem = 5;
const rowsPerUnit = 5;
const rowsPerRequest = 20;
const rowsPerError = 100;
const rowsPerTask = 50;
/** Sessions at a time, and the rows that one of them ships together: so the rows of a session lie in the table as they came. */
const sessionsAtOnce = 24;
const rowsPerShipment = 100;
const months = 6;
/** Processes of the past; the processes at work follow after them. */
const instances = 20;
/** What is open in each process at work: a session, two items, a step in each. One process in ten says nothing any more. */
const unitsPerSession = 5;
/** Open units, however large the rest is. */
export const openUnits = 50;
const chunks = 8;

/** @typedef {{ url: string, rows: number, sessions: number }} Ledger */

/**
 * A database with so many audit rows and what belongs to them; the one that is there, if there is one.
 * @param {import('./server.js').Server} server
 * @param {number} rows
 * @returns {Promise<Ledger>}
 */
export async function ledgerOf(server, rows) {
  const name = `ledger_${rows}`;
  const sessions = Math.ceil(rows / rowsPerSession);
  const there = await server.find(name);
  if (there !== undefined) return { rows, sessions, url: there };
  const startedAt = performance.now();
  const unfinished = await server.database(`${name}_unfinished`);
  await server.carelessly(() => fill(unfinished, rows));
  const url = await server.rename(`${name}_unfinished`, name);
  console.error(
    `a ledger of ${rows.toLocaleString('en')} audit rows: ${Math.round((performance.now() - startedAt) / 1_000)} s`,
  );
  return { rows, sessions, url };
}

/** @param {number} session */
export function sessionId(session) {
  return `photos-${session}`;
}

/** The item of an audit row. @param {number} row */
export function itemId(row) {
  return `2026/holiday/IMG_${Math.floor(row / rowsPerItem)}.jpg`;
}

/** The session of an audit row. @param {number} row */
export function sessionOf(row) {
  return Math.floor(row / rowsPerSession);
}

/** The trace of an audit row. @param {number} row */
export function traceId(row) {
  const trace = Math.floor(row / rowsPerTrace);
  return createHash('md5').update(`trace ${trace}`).digest('hex');
}

/** @param {number} session */
export function correlationId(session) {
  return `upload-${session}`;
}

/** @param {string} url @param {number} rows */
async function fill(url, rows) {
  await withClient(url, async (client) => {
    await client.query(`select ensure_partition(t, (now() - m * interval '1 month')::date)
      from unnest(array['audit_log', 'api_logs']) t, generate_series(-1, ${months}) m`);
    const { keys, indexes } = await dropIndexes(client);
    await client.query(pattern);
    const sessions = Math.ceil(rows / rowsPerSession);
    const size = Math.ceil(sessions / chunks);
    const starts = Array.from({ length: chunks }, (_, chunk) => chunk * size).filter((start) => start < sessions);
    await twoAtATime(
      url,
      starts.flatMap((start) => insertsOf(sessions, start, Math.min(sessions, start + size) - 1)),
    );
    await client.query('drop table pattern');
    await twoAtATime(url, keys);
    await twoAtATime(url, indexes);
    await openWork(client, openUnits);
    await client.query('vacuum (analyze) audit_log, api_logs, task_progress, import_sessions, import_items, instances');
  });
}

/** @param {string} url @param {readonly string[]} statements */
async function twoAtATime(url, statements) {
  const waiting = [...statements];
  const work = () =>
    withClient(url, async (client) => {
      await client.query(
        `set maintenance_work_mem = '512MB'; set work_mem = '512MB'; set max_parallel_maintenance_workers = 0`,
      );
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await client.query(next);
    });
  await Promise.all([work(), work()]);
}

/** The rows of one session, from which those of all others are made: what costs time to make is made once. */
const pattern = `create table pattern as select g as n, g / ${rowsPerTrace} as trace, g / ${rowsPerItem} as item,
    case when g % ${rowsPerError} = ${rowsPerError - 1} then 'error' else 'info' end as level,
    case when g % ${rowsPerError} = ${rowsPerError - 1} then 'import.file.failed' else 'import.file.saved' end as event,
    'IMG_' || g || '.jpg was stored in the library' as message, substr(md5('span ' || g), 1, 16) as span_id,
    g % ${rowsPerTrace} as seq, g % 977 / 10.0 as duration_ms,
    jsonb_build_object('sha256', md5('a' || g) || md5('b' || g), 'bytes', 1000000 + g, 'album', 'holiday', 'page', g % 50) as details,
    case when g % ${rowsPerError} = ${rowsPerError - 1} then 'EIO' end as error_type,
    case when g % ${rowsPerError} = ${rowsPerError - 1} then 'input/output error' end as error_message
  from generate_series(0, ${rowsPerSession - 1}) g`;

/**
 * What makes the rows of all tables for a range of sessions, out of `sessions`.
 * @param {number} sessions
 * @param {number} from
 * @param {number} to
 */
function insertsOf(sessions, from, to) {
  const lasting = `interval '${months} months' / ${Math.ceil(sessions / sessionsAtOnce)}`;
  const source = `from (
      select s, 'photos-' || s as session_id, 'upload-' || s as upload,
        now() - interval '${months} months' + s / ${sessionsAtOnce} * (${lasting}) as began, ${lasting} / ${rowsPerSession} as pace
      from generate_series(${from}, ${to}) s offset 0
    ) session cross join pattern`;
  const arrival = `order by s / ${sessionsAtOnce}, n / ${rowsPerShipment}, s, n`;
  const at = 'began + n * pace';
  const item = `'2026/holiday/IMG_' || s * ${rowsPerSession / rowsPerItem} + item || '.jpg'`;
  const trace = `md5('trace ' || s * ${rowsPerSession / rowsPerTrace} + trace)::uuid`;
  const every = (/** @type {number} */ step) => `${source} where n % ${step} = 0 ${arrival}`;
  return [
    `insert into audit_log (created_at, level, category, event, message, service_name, session_id, item_id, correlation_id,
       trace_id, span_id, seq, duration_ms, details, error_type, error_message)
     select ${at}, level, 'import', event, message, 'bench', session_id, ${item}, upload, ${trace}, span_id, seq, duration_ms,
       details, error_type, error_message ${source} ${arrival}`,
    `insert into task_progress (trace_id, span_id, service_name, session_id, item_id, unit, task_name, step_name, status,
       created_at, updated_at, ended_at, duration_ms, version, instance_id, correlation_id)
     select ${trace}, span_id, 'bench', session_id, ${item}, 'step', 'local',
       (array['analyze', 'move', 'update', 'verify'])[1 + item % 4], 'SUCCESS', ${at}, ${at}, ${at} + interval '20 ms',
       20 + n % 13, n, 'instance-' || s % ${instances}, upload ${every(rowsPerUnit)}`,
    `insert into task_progress (trace_id, span_id, service_name, unit, task_name, step_name, status, created_at, updated_at, ended_at,
       duration_ms, version, instance_id)
     select md5('task ' || s || ' ' || n)::uuid, span_id, 'bench', 'task', 'thumbnails', 'make', 'SUCCESS', ${at}, ${at},
       ${at} + interval '5 s', 5000 + n, n, 'instance-' || s % ${instances} ${every(rowsPerTask)}`,
    `insert into api_logs (created_at, trace_id, span_id, service_name, direction, method, endpoint, response_status,
       duration_ms, correlation_id, session_id)
     select ${at}, ${trace}, span_id, 'bench', 'out', 'GET', '/media/' || n, case level when 'error' then 503 else 200 end,
       duration_ms, upload, session_id ${every(rowsPerRequest)}`,
    `insert into import_items (session_id, id, state, service_name, trace_id, started_at, last_progress_at, ended_at, version)
     select session_id, ${item}, 'imported', 'bench', ${trace}, ${at}, ${at}, ${at}, n ${every(rowsPerItem)}`,
    `insert into import_sessions (id, kind, state, attempt, total, imported, service_name, trace_id, started_at, last_progress_at,
       ended_at, version)
     select session_id, 'local', 'imported', 1, 200, 200, 'bench', ${trace}, ${at}, ${at}, ${at} + interval '3 min', n ${every(rowsPerSession)}`,
  ];
}

/**
 * Makes what runs now, and what is stuck: so many open units. Signs of life lie ahead, so that they are still fresh when somebody asks.
 * @param {import('pg').Client} client
 * @param {number} units
 */
export async function openWork(client, units) {
  const processes = Math.ceil(units / unitsPerSession);
  for (const insert of openWorkInserts(processes)) await client.query(insert);
}

const openWorkInserts = (/** @type {number} */ processes) => [
  `insert into instances (instance_id, service_name, host, pid, started_at, last_seen_at)
   select 'open-' || g, 'bench', 'bench', 1000 + g, now(), now() + interval '1 day' from generate_series(0, ${processes - 1}) g
   on conflict do nothing`,
  `insert into import_sessions (id, kind, state, attempt, total, service_name, trace_id, started_at, last_progress_at, version)
   select 'open-' || g, 'local', 'importing', 1, 200, 'bench', md5('open ' || g)::uuid, now() - interval '2 hours',
     now() - interval '2 hours', 1 from generate_series(0, ${processes - 1}) g
   on conflict do nothing`,
  `insert into task_progress (trace_id, span_id, parent_span_id, service_name, session_id, item_id, unit, task_name, step_name, status,
     created_at, updated_at, version, instance_id)
   select md5('open ' || session)::uuid, lpad(place::text, 16, '0'), lpad(around::text, 16, '0'), 'bench', 'open-' || session,
     case when place > 0 then 'item-' || session || '-' || (place + 1) / 2 end,
     case when place = 0 then 'session' when place % 2 = 1 then 'item' else 'step' end, 'local',
     case when place = 0 then 'import' when place % 2 = 1 then 'item' else 'analyze' end, 'START',
     now() - interval '2 hours', case when session % 10 = 9 then now() - interval '1 hour' else now() + interval '1 day' end, place,
     'open-' || session
   from (
     select g / ${unitsPerSession} as session, g % ${unitsPerSession} as place,
       case when g % ${unitsPerSession} = 0 then null when g % ${unitsPerSession} % 2 = 1 then 0 else g % ${unitsPerSession} - 1 end as around
     from generate_series(0, ${unitsPerSession} * ${processes} - 1) g
   ) unit
   on conflict do nothing`,
  `insert into audit_log (created_at, level, category, event, message, service_name, session_id, item_id, trace_id)
   select created_at, 'info', 'import', 'import.item.transition', 'begun', 'bench', session_id, item_id, trace_id
   from task_progress p where ended_at is null
     and not exists (select from audit_log a where a.trace_id = p.trace_id and a.item_id is not distinct from p.item_id)`,
];

/**
 * Indexes are built once the rows are there: that is five times as fast. Answers how to make them again, keys first.
 * @param {import('pg').Client} client
 */
async function dropIndexes(client) {
  const { rows: keys } = await client.query(
    `
    select format('alter table %s drop constraint %I', conrelid::regclass, conname) as drop,
      format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as make
    from pg_constraint where contype = 'p' and conrelid = any($1::regclass[])`,
    [largeTables],
  );
  const { rows: indexes } = await client.query(
    `
    select format('drop index %s', indexrelid::regclass) as drop, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') as make
    from pg_index where not indisprimary and indrelid = any($1::regclass[])`,
    [largeTables],
  );
  for (const { drop } of [...indexes, ...keys]) await client.query(drop);
  const makeOf = (/** @type {readonly { make: string }[]} */ rows) => rows.map(({ make }) => make);
  return { keys: makeOf(keys), indexes: makeOf(indexes) };
}

const largeTables = ['audit_log', 'api_logs', 'task_progress', 'import_items'];
