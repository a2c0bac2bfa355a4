import { incidentPriorities } from '../domain/incident.ts';
import { restartModes } from '../domain/restart-policy.ts';
import type { CommandDefinition, OptionDefinition } from './definition.ts';

const json: OptionDefinition = { flags: '--json', brief: 'One JSON object per line, details parsed.' };
const directory: OptionDefinition = {
  flags: '--dir <dir>',
  brief: 'Directory of journals and embedded store, instead of SPANLEDGER_DIR.',
  value: 'text',
};
const common: readonly OptionDefinition[] = [json, directory];

const since: OptionDefinition = {
  flags: '--since <when>',
  brief: 'Only from then on: 90s, 15m, 2h, 7d, 4w ago, or a time in ISO 8601.',
  value: 'moment',
};
const last = (brief: string, fallback: string): OptionDefinition => ({
  flags: '--last <n>',
  brief,
  value: 'count',
  fallback,
});
const equals = (name: string, brief: string): OptionDefinition => ({
  flags: `--${name} <${name.endsWith('-id') ? 'id' : 'name'}>`,
  brief,
  value: 'text',
});
const subjectArgument = { name: '<id>', brief: 'Session, item, trace, task or process, matched exactly.' };
const sessionArgument = { name: '<id>', brief: 'Session id, matched exactly.' };
const runningFilters: readonly OptionDefinition[] = [
  equals('session-id', 'Session, matched exactly.'),
  equals('service', 'Service, matched exactly.'),
  equals('task', 'Task; of items and steps in a session, its kind.'),
];
const unitNames = ['session', 'item', 'step', 'task', 'batch', 'chunk', 'request'];
const tableNames = ['audit_log', 'api_logs', 'task_progress', 'import_sessions', 'import_items'];

/** Every command of `spanledger`, in the order in which `--help` lists them. */
export const commandDefinitions: readonly CommandDefinition[] = [
  {
    name: 'sessions',
    brief: 'List sessions, the newest first.',
    notes: ['Filters combine with AND and match exactly; `--state` may be repeated.'],
    arguments: [],
    options: [
      { flags: '--state <state>', brief: 'State the session is in.', value: 'text', repeatable: true },
      equals('kind', 'Kind of session.'),
      { flags: '--account <id>', brief: 'Account the session works for.', value: 'text' },
      since,
      last('How many, the newest first to be chosen.', '20'),
      ...common,
    ],
    examples: ['spanledger sessions', 'spanledger sessions --state failed --since 7d --json'],
    load: () => import('./commands/sessions.ts'),
  },
  {
    name: 'session',
    brief: 'Show one session: state, counts, timeline, errors, what to do.',
    notes: [],
    arguments: [sessionArgument],
    options: common,
    examples: ['spanledger session local-7'],
    finding: 'there is no such session',
    load: () => import('./commands/session.ts'),
  },
  {
    name: 'logs',
    brief: 'Show records of the audit log.',
    notes: [
      'Filters combine with AND and match exactly. The newest N are chosen, then printed oldest first.',
      'Without --all, --event or --category only the eight lifecycle events are shown: session start, progress, complete, error and skip, file saved, item claim and end.',
      '--follow goes on printing as records arrive, until Ctrl+C.',
    ],
    arguments: [],
    options: [
      equals('session-id', 'Session, matched exactly.'),
      equals('item-id', 'Item, matched exactly.'),
      { flags: '--trace-id <id>', brief: 'Trace, 32 hex digits or a UUID.', value: 'text' },
      equals('correlation-id', 'Correlation id, matched exactly.'),
      equals('job-id', 'Job: the id a task queue gave the run, or the context field job_id.'),
      { flags: '--level <level>', brief: 'Level, in any letter case.', value: 'level' },
      equals('event', 'Event, such as import.file.saved.'),
      equals('category', 'Category, such as state_transition.'),
      since,
      last('How many, the newest first to be chosen.', '20'),
      { flags: '--all', brief: 'Every event, not only the eight lifecycle events.' },
      { flags: '--follow', brief: 'Go on printing what arrives.' },
      ...common,
    ],
    examples: [
      'spanledger logs --session-id local-7',
      'spanledger logs --level error --all --since 2h --json',
      'spanledger logs --event import.session.progress --follow',
    ],
    load: () => import('./commands/logs.ts'),
  },
  {
    name: 'timeline',
    brief: 'Tell the story of a session, item, trace, task or process, with elapsed time and gaps.',
    notes: [
      'Of a process: its start, its outermost work as cycles, and its end. Below stand the lives of the processes: elapsed time between rows, never processor time. Silence is told with its length and is not called a hang.',
      'With --json the last line is an object with the lives of the processes, in milliseconds, and the judgement on the claim if there is one. Where nobody saw the end of a process, it has lastSeenAt instead of endedAt.',
      '--claim holds what somebody says against the rows: a hang that took longer than the process lived, or than it was ever silent, is rejected.',
    ],
    arguments: [subjectArgument],
    options: [
      last('How many entries, the newest first to be chosen.', '200'),
      { flags: '--claim <time>', brief: 'How long it is said to have hung, such as 90s, 15m or 40h.', value: 'age' },
      ...common,
    ],
    examples: [
      'spanledger timeline local-7',
      'spanledger timeline local-7 --last 1000 --json',
      'spanledger timeline nightly --claim 40h',
    ],
    finding: 'nothing is recorded under this id',
    load: () => import('./commands/timeline.ts'),
  },
  {
    name: 'running',
    brief: 'Show what runs: open sessions, items, steps, batches and requests, by process.',
    notes: [
      'Units stand below the unit around them, with what they have done, their rate, when they should end and where that is known from, their last event, and the verdict: running, waiting, stuck or lost. Of each process: processor time, memory, delay of the event loop, where its main thread is blocked, and the oldest call without an answer. docs/liveness.md says how the verdict is found.',
      'Filters combine with AND and match exactly. --watch shows it anew every two seconds until Ctrl+C.',
    ],
    arguments: [],
    options: [
      ...runningFilters,
      { flags: '--unit <unit>', brief: 'Kind of unit.', choices: unitNames, repeatable: true },
      {
        flags: '--verdict <verdict>',
        brief: 'Verdict on the unit.',
        choices: ['running', 'waiting', 'stuck', 'lost'],
        repeatable: true,
      },
      last('How many, the oldest first to be chosen.', '200'),
      { flags: '--watch', brief: 'Show it again and again.' },
      { flags: '--interval <seconds>', brief: 'Seconds between two looks of --watch.', value: 'count', fallback: '2' },
      ...common,
    ],
    examples: ['spanledger running', 'spanledger running --watch', 'spanledger running --session-id local-7 --json'],
    load: () => import('./commands/running.ts'),
  },
  {
    name: 'stuck',
    brief: 'Show what does not advance, since when, compared with what, and where.',
    notes: [
      'For a blocked main thread the stack, for a wait the open step and the pending call, for a database wait the session that holds the lock. Fit for cron, systemd and health checks: exits with 0 when nothing is stuck, with 1 when something is, with 3 when the ledger cannot be reached.',
      'With --from-journal an unreachable database is no obstacle: the journals of this machine answer.',
    ],
    arguments: [],
    options: [
      ...runningFilters,
      {
        flags: '--limit <time>',
        brief: 'Longest time without progress, such as 90s or 15m, in place of the limits of the units.',
        value: 'age',
      },
      { flags: '--from-journal', brief: 'Answer from the journals where the database cannot be reached.' },
      ...common,
    ],
    examples: ['spanledger stuck', 'spanledger stuck --limit 15m --json'],
    finding: 'something is stuck or lost',
    load: () => import('./commands/stuck.ts'),
  },
  {
    name: 'why',
    brief: 'Tell why work stands where it stands: last record, next one expected, verdict, evidence, advice.',
    notes: [
      'For a session, an item, a trace (32 hex digits or a UUID), a task by its name or by the id that a queue gave it, or a process (instance id). Steps are held against earlier runs of the same task: seen, open, failed, not seen. docs/liveness.md says what each line rests on.',
    ],
    arguments: [subjectArgument],
    options: common,
    examples: [
      'spanledger why local-7',
      'spanledger why 0af7651916cd43dd8448eb211c80319c --json',
      'spanledger why nightly-sync',
    ],
    finding: 'it is stuck, lost or failed, or nothing is recorded under this id',
    load: () => import('./commands/why.ts'),
  },
  {
    name: 'incident',
    brief: 'Open an incident about work, filled from the evidence; list, show, change and close it.',
    notes: [
      '`open` takes the id of the work, as `why` does; the others take the id of the incident. Each change is a record of the audit log (event `incident`), so that nothing of it is lost.',
      '`show`, `open`, `update` and `close` print the incident as Markdown, with --json as JSON.',
    ],
    arguments: [
      { name: '<action>', brief: 'What to do.', choices: ['open', 'list', 'show', 'update', 'close'] },
      { name: '[id]', brief: 'Work to open it about, or the incident.' },
    ],
    options: [
      { flags: '--title <text>', brief: 'Title, instead of one made of the verdict.', value: 'text' },
      { flags: '--priority <priority>', brief: 'Priority.', choices: [...incidentPriorities] },
      { flags: '--owner <name>', brief: 'Who takes care of it.', value: 'text' },
      { flags: '--scope <text>', brief: 'What is affected.', value: 'text' },
      { flags: '--related <id>', brief: 'Another incident.', value: 'text', repeatable: true },
      { flags: '--note <text>', brief: 'A note, added to those that are there.', value: 'text' },
      { flags: '--all', brief: 'List solved ones as well.' },
      { ...since, fallback: '90d' },
      ...common,
    ],
    examples: [
      'spanledger incident open local-7 --owner ann --priority urgent',
      'spanledger incident list',
      "spanledger incident close inc-5d0e01f2 --note 'lock_timeout set' > incident.md",
    ],
    finding: 'there is no such work or incident',
    load: () => import('./commands/incident.ts'),
  },
  {
    name: 'report',
    brief: 'Show errors by category, severity and actions of one session.',
    notes: [],
    arguments: [sessionArgument],
    options: common,
    examples: ['spanledger report local-7', 'spanledger report local-7 --json'],
    finding: 'there is no such session',
    load: () => import('./commands/report.ts'),
  },
  {
    name: 'check',
    brief: 'Check sessions against their items, counters and transitions.',
    notes: ['Without an id every open session and every session that ended since --since is checked.'],
    arguments: [{ name: '[id]', brief: 'Session id, matched exactly.' }],
    options: [
      { ...since, fallback: '7d' },
      { flags: '--record', brief: 'Record each finding in the ledger, where `stats` counts it.' },
      ...common,
    ],
    examples: ['spanledger check', 'spanledger check --since 24h --record', 'spanledger check local-7 --json'],
    finding: 'a session is inconsistent, or there is no such session',
    load: () => import('./commands/check.ts'),
  },
  {
    name: 'stats',
    brief: 'Show error rate, time per item and the most frequent errors.',
    notes: [],
    arguments: [],
    options: [equals('session-id', 'Session, instead of all of them.'), { ...since, fallback: '24h' }, ...common],
    examples: ['spanledger stats', 'spanledger stats --session-id local-7 --since 30d --json'],
    load: () => import('./commands/stats.ts'),
  },
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
    load: () => import('./commands/migrate.ts'),
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
    load: () => import('./commands/ship.ts'),
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
    load: () => import('./commands/run.ts'),
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
    load: () => import('./commands/health.ts'),
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
    load: () => import('./commands/recover.ts'),
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
    load: () => import('./commands/export.ts'),
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
    load: () => import('./commands/import-csv.ts'),
  },
  {
    name: 'retention',
    brief: 'Delete records older than a number of days.',
    notes: [
      'Running work and the state of sessions are never touched. Months that are over go whole, the rest in batches. The partitions of the coming months are made at the same occasion. Needs the rights of the owner of the tables.',
      'With --archive, what goes is first written to DIR/before-<time> as gzip CSV, one file for each table or month, and is on the disk before anything goes; `import-csv` loads it back.',
    ],
    arguments: [],
    options: [
      { flags: '--days <n>', brief: 'Keep the last N days, instead of SPANLEDGER_RETENTION_DAYS.', value: 'count' },
      { flags: '--keep-session <id>', brief: 'Keep all records of this session.', value: 'text', repeatable: true },
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
    load: () => import('./commands/retention.ts'),
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
    load: () => import('./commands/redact.ts'),
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
    load: () => import('./commands/doctor.ts'),
  },
];
