import pg from 'pg';

/** Keeps invoices in Postgres where there is one, in memory otherwise. */
export async function createInvoiceStore(url) {
  if (url === undefined) return new MemoryInvoices();
  const pool = new pg.Pool({ connectionString: url });
  await pool.query(
    'create table if not exists invoices (month text, customer text, cents int, currency text, seal text, primary key (month, customer))',
  );
  return new PostgresInvoices(pool);
}

export class MemoryInvoices {
  #months = new Map();

  async list(month) {
    return this.#months.get(month) ?? [];
  }

  async save(month, invoices) {
    this.#months.set(month, invoices);
    return invoices.length;
  }

  async close() {}
}

export class PostgresInvoices {
  #pool;

  constructor(pool) {
    this.#pool = pool;
  }

  async list(month) {
    const { rows } = await this.#pool.query(
      'select customer, cents, currency, seal from invoices where month = $1 order by seal',
      [month],
    );
    return rows;
  }

  async save(month, invoices) {
    const { rowCount } = await this.#pool.query(
      `insert into invoices select $1, * from jsonb_to_recordset($2) as of (customer text, cents int, currency text, seal text)
        on conflict (month, customer) do update set cents = excluded.cents, currency = excluded.currency, seal = excluded.seal`,
      [month, JSON.stringify(invoices)],
    );
    return rowCount;
  }

  async close() {
    await this.#pool.end();
  }
}
