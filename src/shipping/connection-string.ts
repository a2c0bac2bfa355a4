import { SpanledgerError } from '../domain/errors.ts';

/** What may be said about a connection string, where it leads, and how to keep its password out of messages. */
export interface DatabaseAddress {
  /** `postgres://user@host:port/database`, never a password. */
  readonly description: string;
  /** The servers it names, at least one. */
  readonly hosts: readonly HostAddress[];
  /** What a server has to take where there are several; one that does not is passed over. */
  readonly needs: ServerNeed;
  /** `text` with the password blotted out, however the driver spelled it. */
  conceal(text: string): string;
}

/** One server of a connection string. */
export interface HostAddress {
  /** Its name and port, as they were written. */
  readonly name: string;
  /** The connection string with this host alone. */
  readonly connectionString: string;
}

const serverNeeds = ['read-write', 'primary', 'any'] as const;

/** As libpq has them in `target_session_attrs`. */
export type ServerNeed = (typeof serverNeeds)[number];

/**
 * Takes a connection string apart without ever quoting it: `new URL` puts its whole input, password and all, into its error. It may name
 * several hosts, as that of libpq may: `postgres://user@one:5432,two:5432/database?target_session_attrs=read-write`, which is what is
 * asked of them if it does not say.
 *
 * @throws SpanledgerError DATABASE_URL_INVALID
 */
export function parseConnectionString(connectionString: string): DatabaseAddress {
  const strings = connectionStrings(connectionString);
  const urls = strings.map(parseUrl);
  const [url] = urls;
  if (url === undefined) throw invalid('it names no host');
  const secrets = [url.password, decoded(url.password), url.searchParams.get('password') ?? ''].filter(
    (secret) => secret !== '',
  );
  const user = url.username === '' ? '' : `${url.username}@`;
  const host = url.searchParams.get('host');
  const place = hasNoHost(connectionString) ? '' : urls.map((one) => one.host).join(',');
  return {
    description: `postgres://${user}${place}${url.pathname}${host === null ? '' : `?host=${host}`}`,
    hosts: strings.map((string, index) => ({ name: urls[index]?.host ?? '', connectionString: string })),
    needs: strings.length === 1 ? 'any' : parseNeed(url.searchParams.get('target_session_attrs')),
    conceal: (text) => secrets.reduce((concealed, secret) => concealed.replaceAll(secret, '***'), text),
  };
}

/** Whether it is a URL of Postgres, with one host or several. */
export function isConnectionString(text: string): boolean {
  return postgresScheme.test(text) && connectionStrings(text).every((one) => URL.canParse(withHost(one)));
}

const postgresScheme = /^postgres(ql)?:\/\//;

/** A comma behind the credentials and before the path. */
const listOfHosts = /^([^:]+:\/\/(?:[^/?#]*@)?)([^/?#@]*,[^/?#@]*)((?:[/?#].*)?)$/s;

/** One connection string for each host; a host that is empty makes one that is no URL. */
function connectionStrings(connectionString: string): readonly string[] {
  const [, before, hosts, after] = listOfHosts.exec(connectionString) ?? [];
  if (hosts === undefined) return [connectionString];
  return hosts.split(',').map((host) => `${before}${host === '' ? ':' : host}${after}`);
}

function parseUrl(connectionString: string): URL {
  const text = withHost(connectionString);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw invalid('it is not a URL');
  if (!postgresScheme.test(`${url.protocol}//`)) throw invalid(`its scheme is ${url.protocol}`);
  return url;
}

/** With credentials and no host, the query names a Unix socket or the host; WHATWG URLs know no such thing. */
function withHost(connectionString: string): string {
  return connectionString.replace('@/', '@localhost/');
}

function hasNoHost(connectionString: string): boolean {
  return connectionString.includes('@/');
}

function parseNeed(text: string | null): ServerNeed {
  if (text === null) return 'read-write';
  const need = serverNeeds.find((one) => one === text);
  if (need === undefined) throw invalid(`target_session_attrs is none of ${serverNeeds.join(', ')}`);
  return need;
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
