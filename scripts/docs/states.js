// docs/states.md, from the state tables and rules in src/domain.
import { codes, page, table } from './markdown.js';

/** The page. Takes the exports of the domain modules named below; a test holds the file in docs/ against the result. */
export function statesPage({ sessionStates, itemStates, taskStatuses, consistencyRules, verdictLimitsOf }) {
  return page('the tables in src/domain', [
    '# States',
    introduction,
    '## Sessions',
    diagram(sessionStates, 'terminal'),
    table(
      ['state', 'kind', 'may go to', 'retry'],
      Object.entries(sessionStates).map(([state, { kind, next, retryable }]) => [
        `\`${state}\``,
        kind,
        codes(next),
        retryable ? 'yes' : '',
      ]),
    ),
    ...paragraphs(sessionStates),
    sessionRules,
    '## Items',
    diagram(itemStates, 'finished'),
    table(
      ['state', 'kind', 'may go to', 'counts as', 'retry'],
      Object.entries(itemStates).map(([state, { kind, next, nextOnThrow, countsAs, retryable }]) => [
        `\`${state}\``,
        kind,
        [codes(next), ...nextOnThrow.map((to) => `\`${to}\` on an exception only`)]
          .filter((text) => text !== '–')
          .join(', ') || '–',
        state === 'missing' ? '`failed`, and `missing` apart' : `\`${countsAs}\``,
        retryable ? 'yes' : '',
      ]),
    ),
    ...paragraphs(itemStates),
    itemRules,
    '## How a session gets its outcome',
    outcome,
    '## Consistency',
    'A check holds a session against its items and reports these findings, each with what to do.',
    table(
      ['rule', 'found when'],
      Object.entries(consistencyRules).map(([rule, finding]) => [rule, finding]),
    ),
    consistencyNotes,
    '## Steps',
    diagramOf(
      Object.entries(taskStatuses).map(([status, { next }]) => [status, next]),
      ['START'],
      ['SUCCESS', 'FAILED'],
    ),
    table(
      ['status', 'may go to', 'what holds'],
      Object.entries(taskStatuses).map(([status, { next, brief }]) => [`\`${status}\``, codes(next), brief]),
    ),
    '## Verdict',
    verdict(verdictLimitsOf),
  ]);
}

const introduction = `Sessions and items are state machines. A move that is not on this page throws \`IllegalTransitionError\`, is recorded as refused and has no other effect; a move that
is made keeps from, to, reason, time and actor. The code runs on the same data as this page.`;

const sessionRules = `\`failed → processing\` is a retry: it begins the next attempt. A session, and nothing else, can be forced to any state with a reason; the move is recorded as forced
and the session is validated afterwards. Where the library moves a session by rule, it walks the shortest way through \`ready\`, \`processing\` and \`importing\` and
records each step as automatic; it never leaves an end state by itself.

An exception that leaves the session block ends the session in \`failed\` if an item raised it or if its diagnosis says that a repeat may help, else in \`error\`;
before work began, in \`error\`. Before such an end, and before a cancel, items in work end as \`failed\` with category \`aborted\`, and items not begun stay \`pending\`.`;

const itemRules = `A block takes \`pending\` to \`analyzing\`; \`failed → analyzing\` is a retry and begins the next attempt. A normal return takes the remaining steps to \`imported\`, each
recorded as automatic, and leaves an item that is finished as it is. An exception ends in \`failed\` with a diagnosis; after an end the state stays and the error is recorded.`;

const outcome = `A session ends by rule when no item can join any more and every item is finished, in whatever way:

1. something was imported: \`imported\`, and \`partial\` if something failed beside it;
2. else something failed or was missing: \`failed\`;
3. else, with nothing but duplicates or nothing at all, \`imported\`; without items its end says \`no_items\`.

The success rate is imported / (imported + failed). Duplicates count neither way, and where nothing was judged there is no rate.`;

const consistencyNotes = `Worth knowing and no finding: failures beside successes (\`partial\`), an end without items (\`no_items\`), items that were not started.`;

function verdict(limitsOf) {
  const limits = [
    ['session of kind `local`', limitsOf('session', 'local')],
    ['other session', limitsOf('session')],
    ['item, step, task or batch', limitsOf('step')],
  ];
  const holds = table(
    ['verdict', 'holds when, the first that does'],
    [
      ['`done`', 'It has ended.'],
      [
        '`lost`',
        'Its process has ended, or gave no sign of life for longer than the limit. Progress is a sign of life.',
      ],
      ['`stuck`', 'Its process lives, and it made no progress for longer than the limit.'],
      ['`running`', 'Else.'],
    ],
  );
  const silence = table(
    ['unit', 'lost without a sign of life for', 'stuck without progress for'],
    limits.map(([unit, { lostAfterMillis, stuckAfterMillis }]) => [
      unit,
      `${lostAfterMillis / 1000} s`,
      `${stuckAfterMillis / 1000} s`,
    ]),
  );
  return [
    holds,
    silence,
    'The progress of an open unit is progress of all units around it. Where no heartbeat was ever seen, progress is the only sign of life and the longer limit holds. A time in the future counts as now.',
  ].join('\n\n');
}

function diagram(states, endKind) {
  const moves = Object.entries(states).map(([state, { next }]) => [state, next]);
  const ends = Object.entries(states).filter(([, { kind }]) => kind === endKind);
  const thrown = Object.entries(states).flatMap(([state, { nextOnThrow = [] }]) =>
    nextOnThrow.map((to) => `  ${state} --> ${to}: exception`),
  );
  return diagramOf(
    moves,
    ['pending'],
    ends.map(([state]) => state),
    thrown,
  );
}

function diagramOf(moves, starts, ends, more = []) {
  return [
    '```mermaid',
    'stateDiagram-v2',
    ...starts.map((state) => `  [*] --> ${state}`),
    ...moves.flatMap(([from, next]) => next.map((to) => `  ${from} --> ${to}`)),
    ...more,
    ...ends.map((state) => `  ${state} --> [*]`),
    '```',
  ].join('\n');
}

function paragraphs(states) {
  return Object.entries(states).map(([state, { brief }]) => `**${state}.** ${brief}`);
}
