// @ts-check
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';

const megabyte = 1024 ** 2;
const patienceMillis = 5_000;

/**
 * One look. What could not be had is undefined: a process between two lives, a database that restarts.
 * @typedef {object} Sample
 * @property {number} at seconds since the start
 * @property {number} [pid]
 * @property {number} [rss] MiB of the daemon, without the pages of files
 * @property {number} [heap] MiB that are left of its heap when all garbage is collected
 * @property {number} [external] MiB outside of it
 * @property {number} [handles] that keep it alive
 * @property {number} [fds] open file descriptors
 * @property {number} [threads]
 * @property {number} [loopDelay] of the event loop, 99th percentile, milliseconds
 * @property {number} [supervisorRss] MiB
 * @property {number} [supervisorFds]
 * @property {number} journal MiB on disk, all processes
 * @property {number} [waiting] MiB in the journal of the daemon that were not shipped at its last sign of life
 * @property {number} [records] that have arrived in the database
 * @property {number} [shipAge] seconds since the last shipment
 * @property {number} [connections] to the database
 * @property {number} [openUnits] sessions, items, steps and batches that have not ended
 */

/** @param {import('./stage.js').Stage} stage @param {number} at @returns {Promise<Sample>} */
export async function takeSample(stage, at) {
  const pid = stage.daemonPid();
  const daemon = processFigures(pid);
  const supervisor = processFigures(stage.supervisorPid);
  return {
    at: Math.round(at),
    ...(daemon && { pid, ...daemon, ...floorOf(stage.floorPath, pid) }),
    ...(supervisor && { supervisorRss: supervisor.rss, supervisorFds: supervisor.fds }),
    journal: megabytes(bytesIn(join(stage.ledger, 'journal'))),
    ...(await ledgerFigures(stage.url, pid ?? 0)),
  };
}

/** What the daemon has written down; nothing while a new one has not yet. @param {string} path @param {number | undefined} pid */
function floorOf(path, pid) {
  try {
    const { pid: writer, heapUsed, external, handles } = JSON.parse(readFileSync(path, 'utf8'));
    return writer === pid ? { heap: megabytes(heapUsed), external: megabytes(external), handles } : {};
  } catch {
    return {};
  }
}

/** @param {number | undefined} pid */
function processFigures(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return {
      rss: megabytes(1024 * Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1])),
      threads: Number(/^Threads:\s+(\d+)/m.exec(status)?.[1]),
      fds: readdirSync(`/proc/${pid}/fd`).length,
    };
  } catch {
    return undefined;
  }
}

const figuresSql = `
  select (select coalesce(sum(records), 0) from spanledger.shipments)::float8 as records,
    extract(epoch from now() - (select max(updated_at) from spanledger.shipments))::float8 as "shipAge",
    (select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid())::int as connections,
    (select count(*) from spanledger.task_progress where ended_at is null)::int as "openUnits",
    i.journal_bytes::float8 as waiting, i.event_loop_delay_p99_ms as "loopDelay"
  from (select 1) one left join lateral (
    select * from spanledger.instances where pid = $1 and ended_at is null order by started_at desc limit 1
  ) i on true`;

/** @param {string} url @param {number} pid */
async function ledgerFigures(url, pid) {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: patienceMillis,
    query_timeout: patienceMillis,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const [row] = (await client.query(figuresSql, [pid])).rows;
    const { waiting, ...plain } = row;
    const sized = { waiting: waiting === null ? null : megabytes(waiting) };
    return Object.fromEntries(Object.entries({ ...plain, ...sized }).filter(([, value]) => value !== null));
  } catch {
    return {};
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** @param {string} directory */
function bytesIn(directory) {
  let bytes = 0;
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    bytes += statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}

/** @param {number} bytes */
function megabytes(bytes) {
  return Number((bytes / megabyte).toFixed(2));
}
