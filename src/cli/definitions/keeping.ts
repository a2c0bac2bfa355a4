import { restartModes } from '../../domain/restart-policy.ts';
import type { CommandDefinition } from '../definition.ts';
import { common, directory, equals, json, since } from './options.ts';

const tableNames = ['audit_log', 'api_logs', 'task_progress', 'import_sessions', 'import_items'];

/** Commands that set the ledger up, fill it, keep it and examine it. */
export const keepingCommands: readonly CommandDefinition[] = [
  {
    name: 'migrate',
    brief: 'Create or update the tables.',
    notes: [
      '`current` tells the migration the database is at, `history` lists those applied and those to come, `up` applies what is missing.',
    ],
    arguments: [{ name: '<action>', brief: 'What to do.', choices: ['current', 'history', 'up'] }],
    options: common,
    examples: ['spanledger migrate current', 'spanledger migrate up'],
    finding: '`migrate current` finds migrations that are not applied',
    load: () => import('../commands/migrate.ts'),
  },
  {
    name: 'ship',
    brief: 'Move what the journals hold into the database now.',
    notes: [
      '--dead-letters tries again the records that the database refused, after the cause is repaired.',
      'A journal of which a part is in another database is left alone, unless --accept-database says that this one takes its place.',
    ],
    arguments: [],
    options: [
      { flags: '--dead-letters', brief: 'Retry refused records as well.' },
      { flags: '--accept-database', brief: 'Continue here what was begun in another database.' },
      ...common,
    ],
    examples: ['spanledger ship', 'spanledger ship --dead-letters'],
    finding: 'records stay behind or were refused',
    load: () => import('../commands/ship.ts'),
  },
  {
    name: 'run',
    brief: 'Run a program under supervision: restart it, record its ends.',
    notes: [
      'Node.js programs get --import spanledger/register unless they have it. Signals are passed on, the exit code is that of the program, 128 and the number of the signal where one ended it. Exit code or signal are recorded with the process, its open work is closed with that cause, and each restart is in the audit log with its reason.',
      'A program counts as stuck when its main thread is blocked, or nothing is heard of it, for --stuck-after seconds, or when the ledger says so of its work. It is told of and left alone, unless --kill-stuck or --restart on-stuck say otherwise: then SIGTERM, and SIGKILL after --grace seconds.',
      'When the supervisor itself is gone, even by SIGKILL, the program ends too. What a program has started and left in its process group ends with it.',
    ],
    arguments: [{ name: '[program...]', brief: 'The program and its arguments, behind `--`.' }],
    options: [
      {
        flags: '--restart <mode>',
        brief:
          'never; on-failure: after an exit code other than 0 or a signal; on-stuck: also after it was stuck; always.',
        choices: [...restartModes],
        fallback: 'on-failure',
      },
      { flags: '--max-restarts <n>', brief: 'Restarts in a row before it is given up.', value: 'count', fallback: '5' },
      {
        flags: '--reset-after <seconds>',
        brief: 'A program that has lived so long begins a new row.',
        value: 'count',
        fallback: '600',
      },
      {
        flags: '--delay <seconds>',
        brief: 'Wait before the first restart; doubled with each further one, up to a minute, a part of it by chance.',
        value: 'count',
        fallback: '1',
      },
      {
        flags: '--stuck-after <seconds>',
        brief: 'How long the main thread may be blocked.',
        value: 'count',
        fallback: '60',
      },
      { flags: '--kill-stuck', brief: 'End a program that is stuck.' },
      { flags: '--grace <seconds>', brief: 'Between SIGTERM and SIGKILL.', value: 'count', fallback: '10' },
      directory,
    ],
    examples: [
      'spanledger run -- node daemon.js',
      'spanledger run --restart on-stuck --stuck-after 120 -- node daemon.js',
    ],
    load: () => import('../commands/run.ts'),
  },
  {
    name: 'health',
    brief: 'Ask a program on this host whether it is well.',
    notes: [
      'The program answers on SPANLEDGER_HEALTH_PORT by a thread of its own, also while its main thread is blocked. Made for HEALTHCHECK of Docker and exec probes.',
    ],
    arguments: [],
    options: [
      { flags: '--port <port>', brief: 'Port, instead of SPANLEDGER_HEALTH_PORT.', value: 'count' },
      {
        flags: '--probe <probe>',
        brief: 'What to ask: whether it lives, can take work, or is well.',
        choices: ['livez', 'readyz', 'healthz'],
        fallback: 'healthz',
      },
      json,
    ],
    examples: ['spanledger health', 'spanledger health --port 9464 --probe livez --json'],
    finding: 'the answer is no; 3 when nobody answers',
    load: () => import('../commands/health.ts'),
  },
  {
    name: 'recover',
    brief: 'Close the open work of processes that are gone.',
    notes: [
      'Sessions and items move to failed, from where the next run takes them up; their steps end as FAILED. Each unit is closed once and told in the audit log, with the cause where it is proven. The journals of this directory are shipped first; what a process itself has recorded wins, however late it comes.',
      'Programs that ship do this by themselves, every few seconds, and so does `ship`. A process counts as gone when its end is recorded, or when it has been silent for two minutes after somebody has begun to wait for it and does not run on this host.',
    ],
    arguments: [],
    options: common,
    examples: ['spanledger recover', 'spanledger recover --json'],
    load: () => import('../commands/recover.ts'),
  },
  {
    name: 'export',
    brief: 'Write the tables as CSV files, one per table.',
    notes: [
      'Reads the database; when it cannot be reached, or with --from-journal, the journals alone. Which one it was is said on standard error.',
    ],
    arguments: [],
    options: [
      { flags: '--format <format>', brief: 'Format of the files.', choices: ['csv'], fallback: 'csv' },
      { flags: '--out <dir>', brief: 'Directory for the files.', value: 'text', fallback: 'spanledger-export' },
      {
        flags: '--table <table>',
        brief: 'Table, instead of all of them.',
        choices: tableNames,
        repeatable: true,
      },
      equals('session-id', 'Only rows of this session.'),
      since,
      { flags: '--from-journal', brief: 'Read the journals even if the database answers.' },
      ...common,
    ],
    examples: [
      'spanledger export --format csv --out backup',
      'spanledger export --table audit_log --session-id local-7',
    ],
    load: () => import('../commands/export.ts'),
  },
  {
    name: 'import-csv',
    brief: 'Load CSV files that `export` wrote, without doubles.',
    notes: [
      'The table is told by the name of the file, as `export` and `retention --archive` name it, or by --table; files ending in .gz are unzipped. Rows that are there already are left alone; the journals of this directory are shipped first.',
    ],
    arguments: [{ name: '<file...>', brief: 'CSV files.' }],
    options: [
      { flags: '--table <table>', brief: 'Table of files that are named otherwise.', choices: tableNames },
      ...common,
    ],
    examples: ['spanledger import-csv backup/audit_log.csv backup/import_sessions.csv'],
    finding: 'a file or a row could not be loaded',
    load: () => import('../commands/import-csv.ts'),
  },
  {
    name: 'retention',
    brief: 'Delete records older than a number of days.',
    notes: [
      'Running work is never touched. Months that are over go whole, the rest in batches. The partitions of the coming months are made at the same occasion. Needs the rights of the owner of the tables.',
      'Items go with the records of a session that is over for good: imported, canceled, expired or in error. A failed session may be run again, so its items stay. The state of sessions stays, since it keeps a session from being done twice; --session-days removes it with all that is left, once no record of the session stays. Processes that are gone go when nothing refers to them any more. Of the offsets of old segments one row for all stays, so that a journal that comes back after years is not stored twice.',
      'With --archive, what goes is first written to DIR/before-<time> as gzip CSV, one file for each table or month, and is on the disk before anything goes; `import-csv` loads it back.',
    ],
    arguments: [],
    options: [
      { flags: '--days <n>', brief: 'Keep the last N days, instead of SPANLEDGER_RETENTION_DAYS.', value: 'count' },
      {
        flags: '--session-days <n>',
        brief: 'Remove also sessions that ended more than N days ago, failed ones included; never fewer than --days.',
        value: 'count',
      },
      {
        flags: '--keep-session <id>',
        brief: 'Keep this session whole, with its records and items.',
        value: 'text',
        repeatable: true,
      },
      {
        flags: '--archive <dir>',
        brief: 'Write what goes to this directory first, instead of SPANLEDGER_RETENTION_ARCHIVE.',
        value: 'text',
      },
      { flags: '--dry-run', brief: 'Tell what would be deleted, delete nothing.' },
      ...common,
    ],
    examples: [
      'spanledger retention --days 30 --dry-run',
      'spanledger retention --days 30 --archive /backup/spanledger --keep-session local-7',
    ],
    load: () => import('../commands/retention.ts'),
  },
  {
    name: 'redact',
    brief: 'Mask the secrets in a text, and tell by which rule.',
    notes: [
      'Works with the rules that records and exports are redacted by, those of the settings included: SPANLEDGER_REDACT_KEYS, SPANLEDGER_REDACT_PATTERNS and SPANLEDGER_REDACT_PATHS. docs/redaction.md tells them all.',
      'JSON, and lines of JSON, are masked member by member; everything else is text. Nothing is stored or sent.',
    ],
    arguments: [{ name: '[input]', brief: 'A file, - for standard input, or the text itself.' }],
    options: [{ flags: '--test', brief: 'Tell the rules as well, and exit with 1 when something is masked.' }, json],
    examples: [
      "spanledger redact --test 'password=a b@c.de'",
      'spanledger redact app.log',
      'env | spanledger redact --test -',
    ],
    finding: 'with --test something would be masked',
    load: () => import('../commands/redact.ts'),
  },
  {
    name: 'doctor',
    brief: 'Examine journals, database and settings; say what to do.',
    notes: [
      'Tells what waits to be shipped and since when, how fast it is shipped, dead letters, what processes dropped by class and reason, the last errors of the ledger itself, differences of the schema and its indexes, and the clocks. docs/operations.md explains each finding.',
      'With a program behind `--` it runs that program with spanledger/register instead, until it listens, ends, or --seconds are over, ends it, and tells what is instrumented, what is not and why, and where everything goes. The output of the program goes to standard error.',
      'With --request it also answers why a request is not traced: does the header arrive, is there a row in the trace of the caller, do log lines have the context. Of the loops of living processes (`workerLoop`) it tells whether they run, whether their start failed and when they last went well.',
    ],
    arguments: [
      { name: '[program...]', brief: 'A program and its arguments, behind `--`, to be started and examined.' },
    ],
    options: [
      {
        flags: '--config',
        brief:
          'Show every setting with its value and source, and the OTEL_* variables that are set; secrets are masked.',
      },
      {
        flags: '--seconds <n>',
        brief: 'How long the program may take to listen or to end.',
        value: 'count',
        fallback: '10',
      },
      {
        flags: '--request <path>',
        brief: 'Send the program a GET request once it listens, and tell whether it is traced, and if not, why.',
        value: 'text',
      },
      ...common,
    ],
    examples: [
      'spanledger doctor',
      'spanledger doctor --config',
      'spanledger doctor -- node app.js',
      'spanledger doctor --request /health -- node app.js',
    ],
    finding: 'something is unhealthy or not instrumented',
    load: () => import('../commands/doctor.ts'),
  },
];
