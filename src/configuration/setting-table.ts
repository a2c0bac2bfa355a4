import {
  flag,
  headerName,
  identifier,
  integer,
  level,
  oneOf,
  paths,
  patterns,
  postgresUrl,
  proxies,
  type SettingKind,
  text,
  words,
} from './setting-kinds.ts';

/** One setting: where it may be written, what it takes and what it does. */
export interface SettingDefinition<T> {
  /** Environment variables; the first one that is set wins. */
  readonly env: readonly [string, ...string[]];
  /** Path of the key in the configuration file. */
  readonly file: string;
  readonly kind: SettingKind<unknown>;
  /** The value where nobody gives one. */
  readonly fallback: T;
  readonly unit?: string;
  readonly brief: string;
  /** Never shown. */
  readonly secret?: boolean;
}

interface SettingInput<T> extends Omit<SettingDefinition<T>, 'kind' | 'fallback'> {
  readonly kind: SettingKind<T>;
}

function optional<T>(input: SettingInput<T>): SettingDefinition<T | undefined> {
  return { ...input, fallback: undefined };
}

function preset<T>(input: SettingInput<T> & { readonly fallback: NoInfer<T> }): SettingDefinition<T> {
  return input;
}

const gibibyte = 1024 ** 3;

/** Where passwords, tokens and keys go in and out. */
const secretRoutes = [
  'login',
  'logon',
  'signin',
  'sign-in',
  'signup',
  'sign-up',
  'password',
  'passwd',
  'passcode',
  'token',
  'oauth',
  '/auth/',
  'authenticat',
  'credential',
  'secret',
  'apikey',
  'api-key',
  '2fa',
  'mfa/',
  'otp/',
];

/** Every setting of spanledger, by its key. `docs/configuration.md` is generated from this table. */
export const settingTable = {
  databaseUrl: optional({
    env: ['SPANLEDGER_DATABASE_URL', 'DATABASE_URL'],
    file: 'database.url',
    kind: postgresUrl,
    brief:
      'Postgres that receives the ledger. Unset: the records stay in the journal and the command line answers from an embedded database.',
    secret: true,
  }),
  databasePassword: optional({
    env: ['SPANLEDGER_DATABASE_PASSWORD'],
    file: 'database.password',
    kind: text,
    brief: 'Password for the database URL, for those who keep it apart from the URL.',
    secret: true,
  }),
  schema: preset({
    env: ['SPANLEDGER_SCHEMA'],
    file: 'database.schema',
    kind: identifier,
    fallback: 'spanledger',
    brief: 'Postgres schema that holds the tables.',
  }),
  directory: preset({
    env: ['SPANLEDGER_DIR'],
    file: 'directory',
    kind: text,
    fallback: '.spanledger',
    brief: 'Directory of the journal and of the embedded database, relative to the working directory.',
  }),
  journalMaxBytes: preset({
    env: ['SPANLEDGER_JOURNAL_MAX_BYTES'],
    file: 'journal.max_bytes',
    kind: integer(1024 ** 2, 1024 * gibibyte),
    fallback: 2 * gibibyte,
    unit: 'bytes',
    brief:
      'Cap of what lies in the directory: journals of all processes, and dead letters. Past it records are dropped and counted: requests first, progress next, audit last.',
  }),
  ship: preset({
    env: ['SPANLEDGER_SHIP'],
    file: 'ship.enabled',
    kind: flag,
    fallback: true,
    brief: 'Whether the process itself ships its journal to the database. Off: `spanledger ship` does it from outside.',
  }),
  exitTimeoutMillis: preset({
    env: ['SPANLEDGER_EXIT_TIMEOUT'],
    file: 'ship.exit_timeout',
    kind: integer(0, 60_000),
    fallback: 1000,
    unit: 'milliseconds',
    brief:
      'Longest time that the end of the process waits for the last records to reach the database; they are in the journal either way.',
  }),
  progressEvery: preset({
    env: ['SPANLEDGER_PROGRESS_EVERY'],
    file: 'progress_every',
    kind: integer(1, 1_000_000),
    fallback: 10,
    unit: 'items',
    brief: 'A session reports progress each time this many items have ended, besides the first and the last.',
  }),
  transitions: preset({
    env: ['SPANLEDGER_TRANSITIONS'],
    file: 'transitions',
    kind: oneOf('span', 'log', 'both'),
    fallback: 'both',
    brief:
      'How transitions travel to OpenTelemetry: as span events, as log events, or both. The tables have them in any case.',
  }),
  stepEvents: preset({
    env: ['SPANLEDGER_STEP_EVENTS'],
    file: 'step_events',
    kind: flag,
    fallback: true,
    brief:
      'Whether the start of each step is a log event over OTLP while its span is still open, where logs are exported. The tables have it in any case.',
  }),
  instrument: preset({
    env: ['SPANLEDGER_INSTRUMENT'],
    file: 'instrumentation.enabled',
    kind: flag,
    fallback: true,
    brief:
      'Whether the libraries of the program are instrumented: requests, calls and queries become spans. OTEL_NODE_DISABLED_INSTRUMENTATIONS leaves out single ones.',
  }),
  threads: preset({
    env: ['SPANLEDGER_THREADS'],
    file: 'instrumentation.threads',
    kind: flag,
    fallback: true,
    brief:
      'Whether worker threads of the program record, each as an instance of its own. OTEL_SDK_DISABLED=true in the `env` of a worker leaves out that one.',
  }),
  logLevel: preset({
    env: ['SPANLEDGER_LOG_LEVEL'],
    file: 'log.level',
    kind: level,
    fallback: 'info',
    brief: 'Least level that the loggers of `getLogger` write and record: DEBUG, INFO, WARNING, ERROR or CRITICAL.',
  }),
  logFormat: preset({
    env: ['SPANLEDGER_LOG_FORMAT'],
    file: 'log.format',
    kind: oneOf('json', 'text'),
    fallback: 'json',
    brief: 'How they write: JSON, a record a line, or text for people.',
  }),
  logFile: optional({
    env: ['SPANLEDGER_LOG_FILE'],
    file: 'log.file',
    kind: text,
    brief: 'File that they write to besides standard output; at 10 MB it becomes .1, and so on up to .5.',
  }),
  logSignal: optional({
    env: ['SPANLEDGER_LOG_SIGNAL'],
    file: 'log.signal',
    kind: oneOf('sighup', 'sigusr2'),
    brief: 'Signal that switches them to DEBUG while the program runs, and back.',
  }),
  logRate: preset({
    env: ['SPANLEDGER_LOG_RATE'],
    file: 'log.rate',
    kind: integer(0, 10_000_000),
    fallback: 5000,
    unit: 'lines per second',
    brief:
      'Most lines of one logger of the program that are recorded in a second. Those beyond it are counted and told of; what the logger writes itself is not touched. 0: all of them.',
  }),
  correlationHeader: preset({
    env: ['SPANLEDGER_CORRELATION_HEADER'],
    file: 'correlation_header',
    kind: headerName,
    fallback: 'X-Correlation-ID',
    brief:
      'Header that carries the correlation id: read from requests, returned with answers, sent with outgoing calls. none: no header does.',
  }),
  requests: preset({
    env: ['SPANLEDGER_REQUESTS'],
    file: 'requests.record',
    kind: oneOf('inbound', 'all', 'none'),
    fallback: 'inbound',
    brief: 'Which HTTP requests become rows of api_logs: those the program answers, also those it makes, or none.',
  }),
  requestHeaders: preset({
    env: ['SPANLEDGER_REQUEST_HEADERS'],
    file: 'requests.headers',
    kind: words,
    fallback: [
      'accept',
      'content-encoding',
      'content-length',
      'content-type',
      'host',
      'origin',
      'user-agent',
      'x-request-id',
    ],
    brief: 'Headers of requests that are kept in the row; no other is. Secrets in them are replaced. none: no header.',
  }),
  requestBodies: preset({
    env: ['SPANLEDGER_REQUEST_BODIES'],
    file: 'requests.bodies',
    kind: oneOf('off', 'errors', 'on'),
    fallback: 'off',
    brief:
      'Bodies of requests and answers in the row, redacted, never in traces: off, where the request failed (status 400 and above, aborted, no answer), or always. Text, JSON, XML and forms only.',
  }),
  requestBodyMaxBytes: preset({
    env: ['SPANLEDGER_REQUEST_BODY_MAX_BYTES'],
    file: 'requests.body_max_bytes',
    kind: integer(64, 512 * 1024),
    fallback: 16 * 1024,
    unit: 'bytes',
    brief: 'Of a longer body this much is kept, with its size.',
  }),
  requestBodiesExcept: preset({
    env: ['SPANLEDGER_REQUEST_BODIES_EXCEPT'],
    file: 'requests.bodies_except',
    kind: words,
    fallback: secretRoutes,
    brief: 'Bodies are never kept where the path or the route contains one of these texts, in any case.',
  }),
  trustedProxies: preset({
    env: ['SPANLEDGER_TRUSTED_PROXIES'],
    file: 'requests.trusted_proxies',
    kind: proxies,
    fallback: [],
    brief:
      'Proxies whose X-Forwarded-For and Forwarded are believed: addresses, networks such as 10.0.0.0/8, loopback, private. Without any, the address of the client is that of the connection.',
  }),
  userIdFrom: preset({
    env: ['SPANLEDGER_USER_ID_FROM'],
    file: 'requests.user_id_from',
    kind: words,
    fallback: ['user.id'],
    brief:
      'Where the user of a request is found when it ends; the first place that has one counts: members of the request such as user.id or session.userId, or header:x-user-id.',
  }),
  jobData: preset({
    env: ['SPANLEDGER_JOB_DATA'],
    file: 'jobs.data',
    kind: oneOf('none', 'keys', 'full'),
    fallback: 'keys',
    brief:
      'What is kept of the data and the results of jobs of pg-boss, graphile-worker and BullMQ: nothing, the names of their members and their size, or all of it, redacted.',
  }),
  jobContext: preset({
    env: ['SPANLEDGER_JOB_CONTEXT'],
    file: 'jobs.context',
    kind: oneOf('own', 'data', 'none'),
    fallback: 'own',
    brief:
      'How trace and correlation id get from the sender of a job to its handler: in the place that the library has for it (BullMQ) and within a process; also as the member _spanledger of the data of the job, which is taken out again before the handler sees it; or not at all.',
  }),
  watchdog: preset({
    env: ['SPANLEDGER_WATCHDOG'],
    file: 'watchdog.enabled',
    kind: flag,
    fallback: true,
    brief:
      'Whether a thread watches the event loop and tells where it is blocked. It is silent while a debugger is attached, and takes no stacks under the permission model.',
  }),
  watchdogThresholdMillis: preset({
    env: ['SPANLEDGER_WATCHDOG_THRESHOLD'],
    file: 'watchdog.threshold',
    kind: integer(100, 3_600_000),
    fallback: 1000,
    unit: 'milliseconds',
    brief: 'The event loop counts as blocked when it takes longer than this for one turn.',
  }),
  healthPort: optional({
    env: ['SPANLEDGER_HEALTH_PORT'],
    file: 'health.port',
    kind: integer(1, 65_535),
    brief:
      'Port on which /livez, /readyz and /healthz are answered, by a thread of its own: also while the main thread is blocked. Unset: no port.',
  }),
  healthHost: preset({
    env: ['SPANLEDGER_HEALTH_HOST'],
    file: 'health.host',
    kind: text,
    fallback: '127.0.0.1',
    brief: 'Address of that port. 0.0.0.0 or :: where the questions come from outside, as those of Kubernetes do.',
  }),
  healthBlockedSeconds: preset({
    env: ['SPANLEDGER_HEALTH_BLOCKED_SECONDS'],
    file: 'health.blocked_seconds',
    kind: integer(1, 86_400),
    fallback: 30,
    unit: 'seconds',
    brief: 'How late the main thread may be before /livez answers 503, and systemd hears nothing any more.',
  }),
  systemdNotify: preset({
    env: ['SPANLEDGER_SYSTEMD_NOTIFY'],
    file: 'health.systemd',
    kind: flag,
    fallback: false,
    brief:
      'Whether systemd is told that the program is ready, its status, and that it lives. Needs systemd-notify, and NotifyAccess=all in the unit.',
  }),
  redactKeys: preset({
    env: ['SPANLEDGER_REDACT_KEYS'],
    file: 'redact.keys',
    kind: words,
    fallback: [],
    brief: 'Names of further fields, headers and attributes whose values are replaced before anything is written.',
  }),
  redactPatterns: preset({
    env: ['SPANLEDGER_REDACT_PATTERNS'],
    file: 'redact.patterns',
    kind: patterns,
    fallback: [],
    brief:
      'Further secrets that are known by their look, such as CUST-\\d{6}. They are run by RE2, in linear time, so lookahead, lookbehind and back references are errors. Ids are not searched. See docs/redaction.md.',
  }),
  redactPaths: preset({
    env: ['SPANLEDGER_REDACT_PATHS'],
    file: 'redact.paths',
    kind: paths,
    fallback: [],
    brief:
      'Members that are hidden whatever they hold, in details, inputs, results and bodies, from their top: user.email, users[*].email, *.ssn. Also attributes of that name.',
  }),
  retentionDays: preset({
    env: ['SPANLEDGER_RETENTION_DAYS'],
    file: 'retention_days',
    kind: integer(1, 36_500),
    fallback: 30,
    unit: 'days',
    brief:
      'Age at which `spanledger retention` removes records, items of sessions that are over for good, and processes that are gone.',
  }),
  retentionSchedule: preset({
    env: ['SPANLEDGER_RETENTION_SCHEDULE'],
    file: 'retention.schedule',
    kind: oneOf('off', 'daily'),
    fallback: 'off',
    brief:
      'daily: once a day one of the processes that ship, or `spanledger ship`, removes what is older than the retention days. Its database user must own the tables.',
  }),
  retentionArchive: optional({
    env: ['SPANLEDGER_RETENTION_ARCHIVE'],
    file: 'retention.archive',
    kind: text,
    brief: 'Directory into which retention writes what it removes, as gzip CSV, before it removes it.',
  }),
};

export type SettingKey = keyof typeof settingTable;

/** All effective settings. */
export type Settings = { readonly [K in SettingKey]: (typeof settingTable)[K]['fallback'] };

/** The keys in the order of the table. */
export const settingKeys = Object.keys(settingTable) as readonly SettingKey[];
