interface DatabaseSettings {
  readonly databaseUrl?: unknown;
  readonly databasePassword?: unknown;
}

/** The same settings, with the password that was given apart from the URL put in where the URL has a user and no password. */
export function withPassword<T extends DatabaseSettings>(settings: T): T {
  const { databaseUrl, databasePassword } = settings;
  if (typeof databaseUrl !== 'string' || typeof databasePassword !== 'string') return settings;
  const complete = databaseUrl.replace(
    /^([^:]+:\/\/)([^:/@?]+)@/,
    (_, scheme: string, user: string) => `${scheme}${user}:${encodeURIComponent(databasePassword)}@`,
  );
  return { ...settings, databaseUrl: complete };
}
