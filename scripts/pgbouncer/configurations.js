// @ts-check
// The ways in which a PgBouncer is set up for the proof.

/**
 * @typedef {object} Configuration
 * @property {string} name
 * @property {Readonly<Record<string, string | number>>} settings Of `pgbouncer.ini`.
 * @property {boolean} [usesTls] Clients have to come by TLS.
 * @property {string} [since] First version of PgBouncer that has these settings.
 */

/** @type {readonly Configuration[]} */
export const suitable = [
  { name: 'session', settings: { pool_mode: 'session' } },
  { name: 'transaction', settings: { pool_mode: 'transaction', server_login_retry: 3 } },
  { name: 'transaction, two connections', settings: { pool_mode: 'transaction', default_pool_size: 2 } },
  { name: 'transaction, one connection', settings: { pool_mode: 'transaction', default_pool_size: 1 } },
  {
    name: 'transaction, server_reset_query_always, startup parameters ignored',
    settings: {
      pool_mode: 'transaction',
      server_reset_query_always: 1,
      ignore_startup_parameters: 'options,extra_float_digits',
    },
  },
  {
    name: 'transaction, short lives of server connections',
    settings: { pool_mode: 'transaction', server_lifetime: 2, server_idle_timeout: 1, client_idle_timeout: 2 },
  },
  {
    name: 'transaction, no prepared statements',
    settings: { pool_mode: 'transaction', max_prepared_statements: 0 },
    since: '1.21',
  },
  {
    name: 'transaction, prepared statements kept',
    settings: { pool_mode: 'transaction', max_prepared_statements: 50 },
    since: '1.21',
  },
  { name: 'transaction, TLS', settings: { pool_mode: 'transaction', client_tls_sslmode: 'require' }, usesTls: true },
];

/** @type {Configuration} */
export const unsuitable = { name: 'statement', settings: { pool_mode: 'statement' } };
