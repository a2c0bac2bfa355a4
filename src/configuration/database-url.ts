import type { Settings } from './setting-table.ts';

/** The URL to connect with: the password that was given apart from the URL is put in where the URL has none. */
export function connectionUrl(settings: Pick<Settings, 'databaseUrl' | 'databasePassword'>): string | undefined {
  const { databaseUrl, databasePassword } = settings;
  if (databaseUrl === undefined || databasePassword === undefined) return databaseUrl;
  return databaseUrl.replace(
    /^([^:]+:\/\/)([^:/@?]+)@/,
    (_, scheme: string, user: string) => `${scheme}${user}:${encodeURIComponent(databasePassword)}@`,
  );
}
