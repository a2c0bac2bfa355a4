/**
 * Whether a failure means that there is no connection: class 08, authorization, no such database, resources, shutdown; a system error such as
 * ECONNREFUSED; or what TLS says of a certificate or a handshake.
 */
export function isUnreachable(code: string): boolean {
  return /^(08|28|3D|53|57P)/.test(code) || /^E[A-Z]{3}/.test(code) || isTlsTrouble(code);
}

/** Whether the database answers and does not let us: a missing right, a database without writes, a pooler without transactions. */
export function isForbidden(code: string, message: string): boolean {
  return code === '42501' || code === '25006' || statementPooling.test(message);
}

/** What to do about a database that cannot be reached or refuses, by its code and by what it said. One sentence or more. */
export function remedyFor(code: string, message: string): string {
  const found = remedies.find(({ codes, says }) => codes?.test(code) === true || says?.test(message) === true);
  return found?.remedy ?? 'Check host, port and credentials.';
}

/** The names that OpenSSL gives to its verdicts on a certificate, and the codes Node.js has for the rest of TLS. */
const tlsCodes =
  /^(CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_(CA|PURPOSE)$|PATH_LENGTH_|HOSTNAME_MISMATCH$|ERR_TLS_|ERR_SSL_|ERR_OSSL_)/;

function isTlsTrouble(code: string): boolean {
  return tlsCodes.test(code);
}

/** Every pooler that knows this mode says it with a code for broken connections. */
const statementPooling = /statement pooling mode/;

interface Remedy {
  readonly codes?: RegExp;
  readonly says?: RegExp;
  readonly remedy: string;
}

const wrongCredentials = 'Check user and password; / ? # @ and % in them are written %2F %3F %23 %40 and %25.';
const wrongDatabase = 'Create this database, or correct its name in the database URL.';

/** The first that matches counts: what the message tells is more exact than the code. */
const remedies: readonly Remedy[] = [
  {
    says: statementPooling,
    remedy: 'A pooler cuts transactions: set pool_mode = transaction (or session) for this database, or go past it.',
  },
  {
    says: /query_wait_timeout/,
    remedy:
      'The pooler had no server connection in time: raise default_pool_size, or see whether it is paused (SHOW POOLS).',
  },
  {
    says: /max_(client_conn|(db|user)_client_connections)/,
    remedy: 'The pooler takes no more clients: raise what it names; docs/operations.md tells how many.',
  },
  {
    says: /unsupported startup parameter/,
    remedy: 'Take it out of the database URL, or let the pooler pass over it: ignore_startup_parameters.',
  },
  { says: /database "[^"]*" is disabled/, remedy: 'It was disabled in the pooler: `ENABLE` it in its console.' },
  {
    says: /server_login_retry|server down/,
    remedy: 'The pooler reaches no server: see that the server runs; the log of the pooler says more.',
  },
  { says: /SASL authentication failed/, remedy: wrongCredentials },
  { says: /database "[^"]*" does not exist|no such database/, remedy: wrongDatabase },
  {
    says: /client password must be a|no password supplied/,
    remedy: 'The server asks for a password: put one into the database URL, or into SPANLEDGER_DATABASE_PASSWORD.',
  },
  {
    says: /no encryption|SSL off|SSL.{0,20}(is )?required|insecure connection/i,
    remedy: 'The server takes encrypted connections only: add ?sslmode=verify-full to the database URL.',
  },
  {
    says: /does not support SSL/,
    remedy: 'The server has no TLS: take sslmode and ssl out of the database URL.',
  },
  {
    codes: /^(ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/,
    remedy: 'The certificate is for another name: use that name as the host of the database URL.',
  },
  {
    codes: /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/,
    remedy: 'Renew the certificate of the server, or correct the clock.',
  },
  {
    codes: tlsCodes,
    remedy:
      'The certificate is not trusted here: name its authority by ?sslmode=verify-full&sslrootcert=/path/ca.pem in the database URL, or by NODE_EXTRA_CA_CERTS. docs/configuration.md tells more.',
  },
  { codes: /^28/, remedy: wrongCredentials },
  { codes: /^3D/, remedy: wrongDatabase },
  {
    codes: /^53300$/,
    remedy: 'No connection is left: raise max_connections, or put a pooler between.',
  },
  {
    says: /ENOTFOUND \S*,/,
    remedy: 'Several hosts stand before the path: postgres://user@one:5432,two:5432/database.',
  },
  { codes: /^(ENOTFOUND|EAI_AGAIN)$/, remedy: 'Check the host in the database URL.' },
  {
    codes: /^ETIMEDOUT$/,
    says: /connection timeout|timeout expired/,
    remedy:
      'Nothing answers in time: check host, port and firewall; a pooler between may be paused, full or without a server, a synchronous standby may be away.',
  },
  { codes: /^ECONNREFUSED$/, remedy: 'See that the server runs, and check host and port.' },
  { codes: /^(EACCES|EPERM|EROFS)$/, remedy: 'Correct owner and mode of this path.' },
  { codes: /^(ENOSPC|EDQUOT)$/, remedy: 'Make room on this disk.' },
  {
    codes: /^42501$/,
    remedy:
      'Let its owner grant this user spanledger_writer (programs) or spanledger_reader (command line); `spanledger migrate up` needs the right to create the schema.',
  },
  {
    codes: /^25006$/,
    remedy: 'The database is a standby or read-only: let the database URL name one that can be written.',
  },
];
