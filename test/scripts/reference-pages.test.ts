import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
// @ts-expect-error: a script without types
import { conventionsPage } from '../../scripts/docs/conventions.js';
// @ts-expect-error: a script without types
import { errorsPage } from '../../scripts/docs/errors.js';
// @ts-expect-error: a script without types
import { benchmarkResults, performancePage } from '../../scripts/docs/performance.js';
// @ts-expect-error: a script without types
import { columnsOfView, indexesIn, tablesIn, viewsIn } from '../../scripts/docs/sql.js';
// @ts-expect-error: a script without types
import { statesPage } from '../../scripts/docs/states.js';
// @ts-expect-error: a script without types
import { tablesPage } from '../../scripts/docs/tables.js';
import { auditCategories, auditLevels } from '../../src/domain/audit.ts';
import { consistencyRules } from '../../src/domain/consistency-rules.ts';
import { diagnose } from '../../src/domain/diagnosis.ts';
import { errorPatternKeys, errorPatterns } from '../../src/domain/diagnosis-patterns.ts';
import { errorCatalogue } from '../../src/domain/errors.ts';
import { itemNext, itemStateNames, itemStates } from '../../src/domain/item-states.ts';
import { sessionNext, sessionStateNames, sessionStates } from '../../src/domain/session-states.ts';
import { taskStatuses } from '../../src/domain/task-status.ts';
import { verdictLimitsOf } from '../../src/domain/verdict.ts';
import { archivedTables } from '../../src/projection/tables.ts';
import * as conventions from '../../src/telemetry/conventions.ts';

const root = join(import.meta.dirname, '..', '..');
const committed = (name: string): string => readFileSync(join(root, 'docs', name), 'utf8');
const results: Readonly<Record<string, { readonly command: string; readonly machine: object }>> = benchmarkResults(
  join(root, 'bench', 'results'),
);
const sql = migrations();

describe('the reference pages are what `npm run docs` makes of the code', () => {
  it('docs/states.md', () => {
    const data = { sessionStates, itemStates, taskStatuses, consistencyRules, verdictLimitsOf };
    expect(committed('states.md')).toBe(statesPage(data));
  });

  it('docs/errors.md', () => {
    expect(committed('errors.md')).toBe(errorsPage({ errorCatalogue, errorPatterns }));
  });

  it('docs/conventions.md', () => {
    expect(committed('conventions.md')).toBe(conventionsPage({ ...conventions, auditCategories, auditLevels }));
  });

  it('docs/performance.md', () => {
    expect(committed('performance.md')).toBe(performancePage(results));
  });

  it('docs/tables.md', () => {
    expect(committed('tables.md')).toBe(tablesPage({ archivedTables, sql }));
  });
});

describe('docs/states.md', () => {
  it('draws exactly the moves of the tables', () => {
    const [sessions = '', items = ''] = committed('states.md').match(/```mermaid[\s\S]*?```/g) ?? [];
    const moves = (diagram: string): string[] =>
      [...diagram.matchAll(/^ {2}(\w+) --> (\w+)$/gm)].map(([, from, to]) => `${from} ${to}`);
    expect(moves(sessions)).toEqual(
      sessionStateNames.flatMap((from) => sessionNext(from).map((to) => `${from} ${to}`)),
    );
    expect(moves(items)).toEqual(itemStateNames.flatMap((from) => itemNext(from).map((to) => `${from} ${to}`)));
  });
});

describe('docs/performance.md', () => {
  const result = {
    machine: {
      processors: 2,
      model: 'x',
      memoryGigabytes: 1,
      platform: 'linux x64',
      node: 'v20.19.0',
      postgres: '18.4',
    },
    command: 'node bench/ship.js --rounds 3',
    name: 'ship',
    title: 'Shipping',
    about: 'How.',
    bound: 'Why.',
    tables: [{ title: 'Rates', columns: ['method', 'records/s'], rows: [['ours', '40,000']] }],
    goals: [
      { what: 'rate', bound: 'at least', limit: 1, value: 1.25, unit: ' x' },
      { what: 'loss', bound: 'at most', limit: 0, value: 3 },
      { what: 'never measured', bound: 'at most', limit: 5, value: null },
    ],
  };

  it('says of each goal whether it was reached', () => {
    const text: string = performancePage({ ship: result });
    expect(text).toContain('| Shipping | rate | at least 1 x | 1.25 x | reached |');
    expect(text).toContain('| Shipping | loss | at most 0 | 3.00 | **missed** |');
    expect(text).toContain('| Shipping | never measured | at most 5 | – | **missed** |');
  });

  it('says how each result is measured again, and nothing of whose machine it was', () => {
    for (const { command, machine } of Object.values(results)) {
      expect(command).toMatch(/^node bench\/[\w-]+\.js( --?[\w,-]+)*( [\w,-]+)*/);
      expect(command).not.toMatch(/:\/\/|\/tmp|\/home/);
      expect(machine).not.toHaveProperty('hostname');
    }
  });
});

describe('docs/errors.md', () => {
  it('has a heading for every error code and no other, and for every page that a diagnosis refers to', () => {
    const headings = [...committed('errors.md').matchAll(/^### (\w+)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual([...Object.keys(errorCatalogue).map((key) => `SPANLEDGER_${key}`), ...errorPatternKeys]);
    const [page] = diagnose(Object.assign(new Error('x'), { code: 'ENOENT' })).relatedDocs;
    expect(headings).toContain(page?.split('#')[1]);
  });
});

describe('the reader of the migrations', () => {
  it('finds every table of the projection with the columns of the projection', () => {
    const found = tablesIn(sql) as readonly { name: string; columns: readonly { name: string; type: string }[] }[];
    for (const { name, columns } of Object.values(archivedTables)) {
      const read = found
        .find((one) => one.name === name)
        ?.columns.filter((column) => column.name !== 'id' || name.startsWith('import'));
      expect(read?.map((column) => [column.name, column.type])).toEqual(
        columns.map((column) => [column.name, column.type]),
      );
    }
  });

  it('finds every view that the design promises, each with a comment and columns', () => {
    const views = viewsIn(sql) as readonly { name: string; comment: string }[];
    const promised = ['v_running', 'v_stuck', 'v_errors', 'v_session_summary', 'v_session_timeline'];
    expect(views.map(({ name }) => name)).toEqual(expect.arrayContaining(promised));
    for (const view of views) {
      expect(view.comment).not.toBe('');
      expect((columnsOfView(view, views) as readonly string[]).length).toBeGreaterThan(0);
    }
  });

  it('finds for every index the query that needs it', () => {
    const indexes = indexesIn(sql) as readonly { name: string; comment: string }[];
    expect(indexes.length).toBeGreaterThan(0);
    expect(indexes.filter(({ comment }) => comment === '')).toEqual([]);
  });

  it('reads the columns of a view through aliases, calls, cases and subqueries', () => {
    const text = `-- First.
create view :"schema".a as
select x.one, coalesce(x.two, ',', 'from') as two
from :"schema".t x;
-- Second
-- line.
create view :"schema".b as
select u.*, case when u.one > 1 then 'from here' end as three
from (
  select one, (select count(*) from y) as two from z
) u;
`;
    const views = viewsIn(text) as readonly { name: string; comment: string }[];
    expect(views.map((view) => [view.name, view.comment, columnsOfView(view, views)])).toEqual([
      ['a', 'First.', ['one', 'two']],
      ['b', 'Second line.', ['one', 'two', 'three']],
    ]);
  });
});

function migrations(): string {
  const folder = join(root, 'src', 'shipping', 'migrations');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
}
