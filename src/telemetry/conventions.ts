/**
 * Every span, event, attribute and metric name that spanledger writes, in one place. Names follow OpenTelemetry
 * semantic conventions where one exists; the rest live under `spanledger.` and `import.`.
 * `docs/conventions.md` is generated from this file.
 */

const names = <const T extends Record<string, readonly [name: string, type: string, brief: string]>>(table: T): T =>
  table;

/** Attribute names on spans, span events and log records. `[name, type, brief]`. */
export const attributeTable = names({
  unit: [
    'spanledger.unit',
    'session | item | step | task | batch | chunk',
    'Marks a span as a unit of work that gets a row in task_progress.',
  ],
  sessionId: ['spanledger.session.id', 'string', 'Id of the session the unit belongs to.'],
  sessionKind: ['spanledger.session.kind', 'string', 'What kind of job the session is, such as local or picker.'],
  accountId: ['spanledger.session.account_id', 'string', 'Account the session works for.'],
  itemId: ['spanledger.item.id', 'string', 'Id of the item within its session.'],
  taskName: ['spanledger.task.name', 'string', 'Name of the whole task, the same for every run of it.'],
  stepName: ['spanledger.step.name', 'string', 'Name of the step within the task.'],
  order: ['spanledger.step.order', 'int', 'Position of the unit among its siblings, from 0.'],
  attempt: ['spanledger.attempt', 'int', 'Which attempt this is, from 1.'],
  correlationId: ['spanledger.correlation.id', 'string', 'Correlation id, the value of X-Correlation-ID.'],
  requestId: ['spanledger.request.id', 'string', 'Id of the request that caused the work, where the host has one.'],
  taskId: ['spanledger.task.id', 'string', 'Id a task queue gave this run.'],
  userId: ['user.id', 'string', 'User on whose behalf the work is done.'],
  input: ['spanledger.input', 'string (JSON)', 'Input of the unit.'],
  output: ['spanledger.output', 'string (JSON)', 'Result of the unit.'],
  outcome: ['spanledger.outcome', 'string', 'State in which a session or item ended.'],
  instanceId: ['service.instance.id', 'string', 'The run of the process that did the work.'],
  serviceVersion: ['service.version', 'string', 'Version of the program, on the resource.'],
  revision: ['vcs.ref.head.revision', 'string', 'Commit that the program was taken from, on the resource.'],
  logger: ['spanledger.logger', 'string', 'Name of the logger that wrote the line.'],
  level: ['spanledger.event.level', 'debug | info | warning | error | critical', 'Level of the event.'],
  category: ['spanledger.event.category', 'string', 'Audit category of the event.'],
  message: ['spanledger.event.message', 'string', 'The event told in a sentence.'],
  seq: ['spanledger.event.seq', 'int', 'Order of the event within its unit, from 1, without gaps.'],
  version: [
    'spanledger.event.version',
    'int',
    'Version of the unit after the event; a row moves only to a higher one. Microseconds since the epoch, made strictly increasing.',
  ],
  fromState: ['spanledger.state.from', 'string', 'State before the transition.'],
  toState: ['spanledger.state.to', 'string', 'State after the transition.'],
  reason: ['spanledger.state.reason', 'string', 'Why the transition was made.'],
  auto: ['spanledger.state.auto', 'boolean', 'The library made this transition by rule.'],
  forced: ['spanledger.state.forced', 'boolean', 'The check was skipped on purpose.'],
  actor: ['spanledger.actor', 'string', 'Who made the transition.'],
  durationMillis: ['spanledger.duration_ms', 'double', 'Duration of the work the event tells of, in milliseconds.'],
  details: ['spanledger.details', 'string (JSON)', 'Free details of the event.'],
  actions: ['spanledger.recommended_actions', 'string[]', 'What to do about the error.'],
  errorCategory: ['spanledger.error.category', 'string', 'Category the diagnosis gave the error.'],
  errorType: ['error.type', 'string', 'Class or code of the error.'],
  exceptionType: ['exception.type', 'string', 'Class of the exception.'],
  exceptionMessage: ['exception.message', 'string', 'Message of the exception.'],
  exceptionStack: ['exception.stacktrace', 'string', 'Stack of the exception.'],
  done: ['spanledger.progress.done', 'int', 'Units finished so far.'],
  total: ['spanledger.progress.total', 'int', 'Units in all.'],
  waitingUntil: [
    'spanledger.wait.until',
    'int',
    'The unit waits until then, in microseconds since the Unix epoch; the time of the event itself where the wait is over.',
  ],
  waitReason: ['spanledger.wait.reason', 'string', 'What the unit waits for.'],
  expectation: [
    'spanledger.expectation',
    'string (JSON)',
    'What was said of the duration of the unit: expected_ms with source and parts, limit_ms, stuck_after_ms.',
  ],
  countTotal: ['spanledger.count.total', 'int', 'Items of the session.'],
  countPending: ['spanledger.count.pending', 'int', 'Items not started.'],
  countProcessing: ['spanledger.count.processing', 'int', 'Items in work.'],
  countImported: ['spanledger.count.imported', 'int', 'Items that ended in success.'],
  countSkipped: ['spanledger.count.skipped', 'int', 'Items skipped, duplicates above all.'],
  countFailed: ['spanledger.count.failed', 'int', 'Items failed, missing ones included.'],
  countMissing: ['spanledger.count.missing', 'int', 'Items whose source was missing.'],
  partial: ['spanledger.partial', 'boolean', 'Some items were imported and some failed.'],
  overflow: ['spanledger.trace.overflow', 'int', 'Spans kept out of the trace by its budget; their rows exist.'],
  filePath: ['file.path', 'string', 'Path of the file.'],
  fileSize: ['file.size', 'int', 'Size of the file in bytes.'],
  fileName: ['file.name', 'string', 'Original name of the file.'],
  mimeType: ['spanledger.file.mime_type', 'string', 'Media type of the file.'],
  sha256: ['spanledger.file.sha256', 'string', 'SHA-256 of the content, 64 hex digits.'],
  codeFunction: [
    'code.function.name',
    'string',
    'Function in which the event loop is blocked: the innermost of the program itself.',
  ],
  codeFile: ['code.file.path', 'string', 'Its file, as it was written where a source map tells.'],
  codeLine: ['code.line.number', 'int', 'Its line, from 1.'],
  codeColumn: ['code.column.number', 'int', 'Its column, from 1.'],
  codeStack: ['code.stacktrace', 'string', 'The whole stack there.'],
  pendingCall: [
    'spanledger.pending_call',
    'string',
    'The oldest call to another system without an answer: shape of the statement, or method, host and path.',
  ],
  lockedBy: ['spanledger.locked_by', 'string', 'Worker that holds the item.'],
  messagingSystem: [
    'messaging.system',
    'string',
    'Library whose job it is: pg-boss, graphile-worker, bullmq, node-cron.',
  ],
  messagingOperation: ['messaging.operation.type', 'send | process', 'Whether a job is handed over or worked on.'],
  messagingOperationName: ['messaging.operation.name', 'string', 'Name of that operation in the library.'],
  messagingDestination: [
    'messaging.destination.name',
    'string',
    'Queue of the job; the schedule of one that runs by the clock.',
  ],
  messagingMessageId: ['messaging.message.id', 'string', 'Id of the job.'],
  messagingConversation: ['messaging.message.conversation_id', 'string', 'Correlation id of whoever sent the job.'],
  messagingBatchCount: ['messaging.batch.message_count', 'int', 'Jobs that were sent or taken together.'],
  rpcSystem: ['rpc.system.name', 'grpc', 'Protocol of a call that the program serves or makes.'],
  rpcMethod: [
    'rpc.method',
    'string',
    'Service and method of the call, `shop.Users/Get`; `_OTHER` where the service answered that it has none of that name.',
  ],
  rpcMethodOriginal: ['rpc.method_original', 'string', 'The name that the client used, where `rpc.method` is another.'],
  rpcStatusCode: ['rpc.response.status_code', 'string', 'Status of the call by its name, `OK` or `NOT_FOUND`.'],
  graphqlOperationType: [
    'graphql.operation.type',
    'query | mutation | subscription',
    'What a request to a server of GraphQL asks for, where it is one operation.',
  ],
  graphqlOperationName: ['graphql.operation.name', 'string', 'Name of that operation, where the client gave it one.'],
  jobName: ['spanledger.job.name', 'string', 'Name of the job within its queue, where the library has one.'],
});

type AttributeKey = keyof typeof attributeTable;

/** Attribute names by short key: `attribute.sessionId === 'spanledger.session.id'`. */
export const attribute = Object.fromEntries(Object.entries(attributeTable).map(([key, [name]]) => [key, name])) as {
  readonly [K in AttributeKey]: (typeof attributeTable)[K][0];
};

/** Names of events: the `event` column, the span event name and the log record's event name. */
export const eventTable = names({
  sessionStart: ['import.session.start', 'info', 'A session was opened.'],
  sessionProgress: [
    'import.session.progress',
    'info',
    'Progress of the session, every 10 finished items, the first and the last.',
  ],
  sessionComplete: ['import.session.complete', 'info', 'The run of the session ended, once per run.'],
  sessionError: ['import.session.error', 'error', 'The session itself failed.'],
  sessionSkip: ['import.session.skip', 'info', 'The session had ended before; no work was done.'],
  sessionTransition: ['import.session.transition', 'info', 'A session moved from one state to another.'],
  sessionTransitionRefused: [
    'import.session.transition_refused',
    'warning',
    'An illegal move of a session was refused.',
  ],
  sessionRecovered: [
    'import.session.recovered',
    'warning',
    'A session that another process left open was taken up again.',
  ],
  sessionAutocompleted: [
    'import.session.autocompleted',
    'warning',
    'A session was ended by rule after its items had ended.',
  ],
  sessionInterrupted: [
    'import.session.interrupted',
    'error',
    'The process of the session is gone; somebody else closed it, once.',
  ],
  sessionSilent: ['import.session.silent', 'warning', 'Nothing was recorded for longer than expected.'],
  sessionStuck: ['import.session.stuck', 'warning', 'The process lives and the session does not advance.'],
  itemClaim: ['import.item.claim', 'info', 'A worker took the item.'],
  itemEnd: ['import.item.end', 'info', 'The item is done.'],
  itemError: ['import.item.error', 'error', 'The item failed; the diagnosis is in the record.'],
  itemTransition: ['import.item.transition', 'info', 'An item moved from one state to another.'],
  itemTransitionRefused: ['import.item.transition_refused', 'warning', 'An illegal move of an item was refused.'],
  itemRefused: ['import.item.refused', 'info', 'The item had ended before and was not run again.'],
  itemHeartbeat: ['import.item.heartbeat', 'debug', 'The item is still in work.'],
  itemRequeued: ['import.item.requeued', 'warning', 'The item went back to the queue.'],
  itemInterrupted: ['import.item.interrupted', 'error', 'The process that worked on the item is gone.'],
  itemExhausted: ['import.item.exhausted', 'warning', 'The item used up its attempts.'],
  fileSaved: ['import.file.saved', 'info', 'The bytes of a file are stored.'],
  stepStart: [
    'task.step.start',
    'debug',
    'A step begins. Sent as a log event only, and only where logs are exported: the tables have the start of each unit anyway.',
  ],
  stepProgress: ['task.step.progress', 'debug', 'Progress of a step or batch.'],
  waitBegin: ['task.wait.begin', 'info', 'The unit waits on purpose, until a time that it names.'],
  waitEnd: ['task.wait.end', 'info', 'A wait is over, or was cut short.'],
  stepError: ['task.step.error', 'error', 'A step outside an item failed.'],
  stepInterrupted: ['task.step.interrupted', 'error', 'The process of a step, task or batch is gone.'],
  stepReopened: [
    'task.step.reopened',
    'warning',
    'A step that had been closed as interrupted is open again: its process lives.',
  ],
  jobSent: ['job.sent', 'info', 'A job was given to a queue.'],
  jobRetry: ['job.retry', 'warning', 'A run of a job failed, and the job is tried again.'],
  jobExhausted: ['job.exhausted', 'error', 'A run of a job failed, and the job is not tried again.'],
  jobExpired: ['job.expired', 'error', 'A job took longer than its queue allows; its handler may still be at work.'],
  jobStalled: ['job.stalled', 'warning', 'The lock of a job ran out: its worker is gone, or too busy to renew it.'],
  jobCanceled: ['job.canceled', 'warning', 'A job was canceled or removed.'],
  jobPostponed: [
    'job.postponed',
    'info',
    'The handler put its own job off: for later, or until its children are done.',
  ],
  jobLog: ['job.log', 'info', 'A line that a handler put into the log of its job.'],
  jobMissed: ['job.missed', 'warning', 'A scheduled run did not take place, because the process was busy.'],
  jobOverlap: ['job.overlap', 'warning', 'A run was due while the one before was still at work.'],
  jobSkipped: ['job.skipped', 'info', 'A scheduled run was left to another process.'],
  processStart: ['process.start', 'info', 'The supervisor started a program.'],
  processExit: ['process.exit', 'warning', 'A supervised program ended, with exit code or signal.'],
  processStuck: ['process.stuck', 'error', 'A supervised program lives and does not advance.'],
  processRestart: ['process.restart', 'warning', 'The supervisor starts a program again, with the reason.'],
  processGivenUp: ['process.given_up', 'critical', 'A supervised program ended too often and is not started again.'],
  stallBegin: [
    'runtime.stall.begin',
    'warning',
    'The event loop is blocked for longer than the threshold; with the stack where it is, and the unit that runs there.',
  ],
  stallSample: ['runtime.stall.sample', 'warning', 'It is still blocked, and somewhere else than before.'],
  stallEnd: ['runtime.stall.end', 'warning', 'The event loop turns again; with the time it was blocked.'],
  pause: [
    'runtime.pause',
    'info',
    'The whole process did not run: stopped (SIGSTOP, a frozen container), on a machine that slept, or without its share of time.',
  ],
  loopStarted: ['worker.loop.started', 'info', 'A loop of a worker runs its first cycle.'],
  loopFailed: [
    'worker.loop.failed',
    'error',
    'A cycle of a loop failed; with the error and when the last one went well.',
  ],
  loopRecovered: [
    'worker.loop.recovered',
    'info',
    'A cycle went well after one or more that failed; with their number.',
  ],
  loopCounted: [
    'worker.loop.counted',
    'debug',
    'What a cycle has done, in numbers: how many of what. Level info where the program says that each is news.',
  ],
  loopMissed: [
    'worker.loop.missed',
    'warning',
    'A cycle could not do one of many, and goes on; with its id and the error.',
  ],
  audit: ['audit', 'info', 'A record the program wrote itself without naming an event.'],
  log: ['log', 'info', 'A log line of the service.'],
  performance: ['performance', 'info', 'A measured operation.'],
  consistency: ['consistency.check', 'warning', 'A consistency check found issues.'],
  incident: [
    'incident',
    'info',
    'An incident was opened, changed or closed by a person; the whole of it is in the details.',
  ],
  valueAltered: ['ledger.value.altered', 'warning', 'Values were changed to make them storable.'],
  writeFailed: ['ledger.write.failed', 'error', 'The ledger could not write.'],
  dropped: ['ledger.dropped', 'error', 'The ledger dropped records.'],
});

type EventKey = keyof typeof eventTable;

/** Event names by short key: `event.fileSaved === 'import.file.saved'`. */
export const event = Object.fromEntries(Object.entries(eventTable).map(([key, [name]]) => [key, name])) as {
  readonly [K in EventKey]: (typeof eventTable)[K][0];
};

/** The eight lifecycle events that `spanledger logs` shows without `--all`. */
export const lifecycleEvents = [
  event.sessionStart,
  event.sessionProgress,
  event.sessionComplete,
  event.sessionError,
  event.sessionSkip,
  event.fileSaved,
  event.itemClaim,
  event.itemEnd,
] as const;

/** Span names. Low cardinality: ids are attributes. */
export const spanTable = names({
  session: ['import.session', 'INTERNAL', 'One import run.'],
  item: ['import.item', 'INTERNAL', 'One item of a session.'],
  chunk: ['import.chunk', 'INTERNAL', 'Root of a linked trace that holds a part of a large session.'],
  step: ['task.step', 'INTERNAL', 'A step; the span is named `task.step {step name}`.'],
  batch: ['task.batch', 'INTERNAL', 'A batch of a task.'],
});

/** Metric names. `[name, instrument and unit, brief]`. */
export const metricTable = names({
  sessions: ['spanledger.sessions', 'counter {session}', 'Sessions ended, by kind and outcome.'],
  sessionDuration: ['spanledger.session.duration', 'histogram s', 'Duration of sessions, by kind and outcome.'],
  items: ['spanledger.items', 'counter {item}', 'Items ended, by kind and outcome.'],
  itemDuration: ['spanledger.item.duration', 'histogram s', 'Duration of items, by kind and outcome.'],
  stepDuration: ['spanledger.step.duration', 'histogram s', 'Duration of steps, by task, step and status.'],
  unitsOpen: ['spanledger.units.open', 'updowncounter {unit}', 'Units that are open now, by unit, task and step.'],
  unitsOldest: [
    'spanledger.units.oldest',
    'gauge s',
    'Age of the oldest open unit, by unit, task and step; 0 without one.',
  ],
  unitsStuck: [
    'spanledger.units.stuck',
    'gauge {unit}',
    'Open units of this process that are stuck, as the database judges them once a minute.',
  ],
  unitsWaiting: [
    'spanledger.units.waiting',
    'gauge {unit}',
    'Open units of this process that wait as they said, as the database judges them once a minute.',
  ],
  transitionsRefused: ['spanledger.transitions.refused', 'counter {transition}', 'Illegal transitions refused.'],
  errors: ['spanledger.errors', 'counter {error}', 'Errors by category.'],
  loopRuns: ['spanledger.loop.runs', 'counter {run}', 'Cycles of worker loops, by loop and outcome.'],
  loopDuration: ['spanledger.loop.duration', 'histogram s', 'Duration of the cycles, by loop and outcome.'],
  recordsProduced: ['spanledger.records.produced', 'counter {record}', 'Records given to the journal, by class.'],
  recordsAppended: ['spanledger.records.appended', 'counter {record}', 'Records written to the journal, by class.'],
  recordsDropped: ['spanledger.records.dropped', 'counter {record}', 'Records dropped, by class and reason.'],
  recordsWaiting: [
    'spanledger.records.waiting',
    'gauge {record}',
    'Records held in memory because the disk refuses them, by class.',
  ],
  recordsShipped: ['spanledger.records.shipped', 'counter {record}', 'Records stored in the database.'],
  recordsRefused: [
    'spanledger.records.refused',
    'counter {record}',
    'Records that the database refused, kept as dead letters.',
  ],
  shipFailures: ['spanledger.ship.failures', 'counter {attempt}', 'Attempts to ship that found no database.'],
  journalBytes: ['spanledger.journal.bytes', 'gauge By', 'Bytes in the journal that are not shipped.'],
  journalRecords: ['spanledger.journal.records', 'gauge {record}', 'Records in the journal that are not shipped.'],
  journalAge: [
    'spanledger.journal.age',
    'gauge s',
    'Age of the oldest record in the journal that is not shipped, to the second; 0 without one.',
  ],
  clockOffset: [
    'spanledger.database.clock.offset',
    'gauge s',
    'How far the clock of the database is ahead of the clock of the process, looked at every hour.',
  ],
  stalls: [
    'spanledger.stalls',
    'counter {stall}',
    'Times that the event loop was blocked for longer than the threshold.',
  ],
  stalledTime: ['spanledger.stalled.time', 'counter s', 'Time that it was blocked in all of these.'],
  pauses: ['spanledger.pauses', 'counter {pause}', 'Times that the whole process did not run.'],
  workerThreads: ['spanledger.worker_threads', 'gauge {thread}', 'Worker threads that the program has started.'],
  delayMin: [
    'nodejs.eventloop.delay.min',
    'gauge s',
    'Delay of the event loop beyond the timer, least of the last 10 s.',
  ],
  delayMax: ['nodejs.eventloop.delay.max', 'gauge s', 'The same, most.'],
  delayMean: ['nodejs.eventloop.delay.mean', 'gauge s', 'The same, mean.'],
  delayP50: ['nodejs.eventloop.delay.p50', 'gauge s', 'The same, median.'],
  delayP90: ['nodejs.eventloop.delay.p90', 'gauge s', 'The same, 90th percentile.'],
  delayP99: ['nodejs.eventloop.delay.p99', 'gauge s', 'The same, 99th percentile.'],
  cpuTime: ['process.cpu.time', 'counter s', 'Processor time of the process, by cpu.mode: user or system.'],
  cpuUtilization: [
    'process.cpu.utilization',
    'gauge 1',
    'Processor time per time and processor since the last look, by cpu.mode.',
  ],
  memoryUsage: ['process.memory.usage', 'updowncounter By', 'Resident memory of the process.'],
  heapUsed: [
    'v8js.memory.heap.used',
    'updowncounter By',
    'Heap of the main thread that is used, by v8js.heap.space.name.',
  ],
  schemaFaults: [
    'spanledger.database.schema.faults',
    'gauge {fault}',
    'Differences between the schema and its migrations, invalid indexes included, looked for every hour.',
  ],
});

/** Name of the tracer, meter and logger scope. */
export const scopeName = 'spanledger';
