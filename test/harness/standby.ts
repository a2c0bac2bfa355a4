import { type PostgresServer, type ServerOptions, startPostgres } from './postgres-server.ts';

/** Called `standby` in `synchronous_standby_names` of its primary. */
export const standbyName = 'standby';

/** Starts a standby that streams from `primary`, which is stopped for a moment so that its data can be copied. */
export async function startStandby(
  primary: PostgresServer,
  { settings, ...options }: ServerOptions = {},
): Promise<PostgresServer> {
  await primary.kill('SIGINT');
  const { hostname, port, username, password } = new URL(primary.url);
  const source = { host: hostname, port, user: username, password, application_name: standbyName };
  const conninfo = Object.entries(source).map(([key, value]) => `${key}=${value}`);
  const standby = await startPostgres({
    ...options,
    standbyOf: primary.data,
    settings: { primary_conninfo: conninfo.join(' '), wal_retrieve_retry_interval: '200ms', ...settings },
  });
  await primary.restart();
  return standby;
}
