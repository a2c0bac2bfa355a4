import { incidentPriorities } from '../../domain/incident.ts';
import type { CommandDefinition, OptionDefinition } from '../definition.ts';
import { common, equals, last, since } from './options.ts';

const subjectArgument = { name: '<id>', brief: 'Session, item, trace, task or process, matched exactly.' };
const sessionArgument = { name: '<id>', brief: 'Session id, matched exactly.' };
const runningFilters: readonly OptionDefinition[] = [
  equals('session-id', 'Session, matched exactly.'),
  equals('service', 'Service, matched exactly.'),
  equals('task', 'Task; of items and steps in a session, its kind.'),
];
const unitNames = ['session', 'item', 'step', 'task', 'batch', 'chunk', 'request'];

/** Commands that tell what happened, and what happens now. */
export const readingCommands: readonly CommandDefinition[] = [
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
    load: () => import('../commands/sessions.ts'),
  },
  {
    name: 'session',
    brief: 'Show one session: state, counts, timeline, errors, what to do.',
    notes: [],
    arguments: [sessionArgument],
    options: common,
    examples: ['spanledger session local-7'],
    finding: 'there is no such session',
    load: () => import('../commands/session.ts'),
  },
  {
    name: 'logs',
    brief: 'Show records of the audit log.',
    notes: [
      'Filters combine with AND and match exactly. The newest N are chosen, then printed oldest first.',
      'Without --all, --event, --category or --level only the eight lifecycle events are shown: session start, progress, complete, error and skip, file saved, item claim and end.',
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
      'spanledger logs --level error --since 2h --json',
      'spanledger logs --event import.session.progress --follow',
    ],
    load: () => import('../commands/logs.ts'),
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
    load: () => import('../commands/timeline.ts'),
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
    load: () => import('../commands/running.ts'),
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
    load: () => import('../commands/stuck.ts'),
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
    load: () => import('../commands/why.ts'),
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
    load: () => import('../commands/incident.ts'),
  },
  {
    name: 'report',
    brief: 'Show errors by category, severity and actions of one session.',
    notes: [],
    arguments: [sessionArgument],
    options: common,
    examples: ['spanledger report local-7', 'spanledger report local-7 --json'],
    finding: 'there is no such session',
    load: () => import('../commands/report.ts'),
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
    load: () => import('../commands/check.ts'),
  },
  {
    name: 'stats',
    brief: 'Show error rate, time per item and the most frequent errors.',
    notes: [],
    arguments: [],
    options: [equals('session-id', 'Session, instead of all of them.'), { ...since, fallback: '24h' }, ...common],
    examples: ['spanledger stats', 'spanledger stats --session-id local-7 --since 30d --json'],
    load: () => import('../commands/stats.ts'),
  },
];
