// @ts-check
/**
 * What the catalogue keeps of a file.
 * @typedef {object} CatalogueEntry
 * @property {string} sha256
 * @property {number} bytes
 * @property {string} mimeType
 * @property {string} name
 * @property {string} source id of the item it came from
 * @property {string} path in the target tree
 * @property {string} sessionId
 * @property {Date} modifiedAt
 */

/**
 * The slice of a database that the catalogue needs; `pg` and PGlite both have it.
 * @typedef {object} Database
 * @property {(sql: string, values?: unknown[]) => Promise<{ rows: Record<string, unknown>[] }>} query
 * @property {() => Promise<void>} close
 */

const createTable = `
  create table if not exists catalogue (
    sha256 text primary key,
    bytes bigint not null,
    mime_type text not null,
    name text not null,
    source text not null,
    path text not null,
    session_id text not null,
    modified_at timestamptz not null,
    imported_at timestamptz not null default now()
  )`;

const findOne = 'select sha256, source, path, session_id from catalogue where sha256 = $1';

// Whoever comes first keeps the row: two runs at once, or one run repeated after a crash, never make a second.
const addOne = `
  insert into catalogue (sha256, bytes, mime_type, name, source, path, session_id, modified_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8)
  on conflict (sha256) do nothing
  returning sha256`;

/** The importer's own table of files, by the hash of their content. */
export class Catalogue {
  #database;

  /** @param {Database} database */
  constructor(database) {
    this.#database = database;
  }

  async prepare() {
    const { rows } = await this.#database.query("select to_regclass('catalogue') is not null as exists");
    if (rows[0]?.exists === true) return;
    await this.#database.query(createTable).catch((error) => {
      // "if not exists" does not hold against another process that creates it at the same moment (23505, 42P07).
      if (!['23505', '42P07'].includes(error.code)) throw error;
    });
  }

  /**
   * @param {string} sha256
   * @returns {Promise<{ source: string, path: string, sessionId: string } | undefined>}
   */
  async find(sha256) {
    const { rows } = await this.#database.query(findOne, [sha256]);
    const [row] = rows;
    if (row === undefined) return undefined;
    return { source: String(row.source), path: String(row.path), sessionId: String(row.session_id) };
  }

  /**
   * Adds a file; false if its content is there already.
   * @param {CatalogueEntry} entry
   */
  async add(entry) {
    const { sha256, bytes, mimeType, name, source, path, sessionId, modifiedAt } = entry;
    const values = [sha256, bytes, mimeType, name, source, path, sessionId, modifiedAt];
    const { rows } = await this.#database.query(addOne, values);
    return rows.length === 1;
  }

  async close() {
    await this.#database.close();
  }
}

/**
 * Opens the catalogue: in Postgres where there is an address, else in an embedded one in a folder of its own.
 * @param {{ databaseUrl: string | undefined, directory: string, concurrency: number }} options
 */
export async function openCatalogue({ databaseUrl, directory, concurrency }) {
  const database = databaseUrl ? await openPostgres(databaseUrl, concurrency) : await openEmbedded(directory);
  const catalogue = new Catalogue(database);
  try {
    await catalogue.prepare();
  } catch (error) {
    await catalogue.close();
    throw error;
  }
  return catalogue;
}

/**
 * @param {string} connectionString
 * @param {number} max
 * @returns {Promise<Database>}
 */
async function openPostgres(connectionString, max) {
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({ connectionString, max, connectionTimeoutMillis: 10_000 });
  // A connection that breaks while it is idle is replaced on next use; without a listener it would end the process.
  pool.on('error', () => undefined);
  return { query: (sql, values) => pool.query(sql, values), close: () => pool.end() };
}

/** @param {string} directory */
async function openEmbedded(directory) {
  const { openEmbeddedDatabase } = await import('./embedded-database.js');
  return openEmbeddedDatabase(directory);
}
