import { SpanledgerError } from '../domain/errors.ts';

/** What may be said about a connection string, and how to keep the rest out of messages. */
export interface DatabaseAddress {
  /** `postgres://user@host:port/database`, never a password. */
  readonly description: string;
  /** `text` with the password blotted out, however the driver spelled it. */
  conceal(text: string): string;
}

/**
 * Takes a connection string apart without ever quoting it: `new URL` puts its whole input, password and all, into its error.
 *
 * @throws SpanledgerError DATABASE_URL_INVALID
 */
export function parseConnectionString(connectionString: string): DatabaseAddress {
  // With credentials and no host, the query names a Unix socket or the host; WHATWG URLs know no such thing.
  const text = connectionString.replace('@/', '@localhost/');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw invalid('it is not a URL');
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') throw invalid(`its scheme is ${url.protocol}`);
  const secrets = [url.password, decoded(url.password), url.searchParams.get('password') ?? ''].filter(
    (secret) => secret !== '',
  );
  const user = url.username === '' ? '' : `${url.username}@`;
  const host = url.searchParams.get('host');
  const place = text === connectionString ? url.host : '';
  return {
    description: `postgres://${user}${place}${url.pathname}${host === null ? '' : `?host=${host}`}`,
    conceal: (text) => secrets.reduce((concealed, secret) => concealed.replaceAll(secret, '***'), text),
  };
}

function invalid(why: string): SpanledgerError {
  return new SpanledgerError('DATABASE_URL_INVALID', { details: { why } });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
