import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEmbeddedStore } from '../../src/shipping/embedded-store.ts';
import type { SqlLedgerStore } from '../../src/shipping/ledger-store.ts';
import { createPostgresStore } from '../../src/shipping/postgres-store.ts';
import { placeEmbeddedStore, useDatabase } from '../harness/database.ts';
import { apiRow, auditRow, itemRow, progressRow, sampleOwner, sessionRow, shipment, traceId } from './sample-rows.ts';

interface Recipe {
  readonly title: string;
  readonly sql: string;
}

/** The SQL blocks of the page, each with the heading it stands under. */
function recipes(): readonly Recipe[] {
  const page = readFileSync(new URL('../../docs/sql-recipes.md', import.meta.url), 'utf8');
  return page.split(/^## /m).flatMap((section) => {
    const title = section.slice(0, section.indexOf('\n'));
    return [...section.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql = '']) => ({ title, sql }));
  });
}

const minute = 60_000_000;
const now = Date.now() * 1000;
const ago = (minutes: number) => now - minutes * minute;
const values: Readonly<Record<string, string>> = {
  session_id: '12',
  item_id: 'a.jpg',
  trace_id: traceId,
  account_id: '456',
  correlation_id: 'c-1',
  after: '2000-01-01',
};

const saved = { file_path: 'Fotos/a.jpg', file_size: 1234, mime_type: 'image/jpeg', sha256: 'ab12' };
const rows = [
  sessionRow({
    id: '12',
    kind: 'local',
    account_id: '456',
    state: 'imported',
    started_at: ago(60),
    ended_at: ago(50),
    total: 3,
    imported: 1,
    skipped: 1,
    failed: 1,
    missing: 0,
  }),
  ...Array.from({ length: 6 }, (_, n) =>
    sessionRow({
      id: `1${n}0`,
      state: 'failed',
      account_id: '999',
      started_at: ago(1000 + n),
      ended_at: ago(900 + n),
      total: 1,
    }),
  ),
  sessionRow({
    id: 'open',
    state: 'importing',
    account_id: '456',
    started_at: ago(30),
    last_progress_at: ago(1),
    total: 2,
    skipped: 2,
  }),
  itemRow({ session_id: '12', id: 'a.jpg', state: 'imported', ended_at: ago(51) }),
  itemRow({ session_id: '12', id: 'b.jpg', state: 'failed', ended_at: ago(51) }),
  itemRow({ session_id: '12', id: 'old.jpg', state: 'failed', ended_at: ago(3000) }),
  auditRow({ session_id: '12', created_at: ago(60), event: 'import.session.start', seq: 1 }),
  auditRow({
    session_id: '12',
    created_at: ago(59),
    event: 'import.item.transition',
    seq: 2,
    item_id: 'a.jpg',
    from_state: 'pending',
    to_state: 'analyzing',
  }),
  auditRow({
    session_id: '12',
    created_at: ago(59),
    event: 'import.item.claim',
    seq: 1,
    item_id: 'a.jpg',
    correlation_id: 'c-1',
  }),
  auditRow({
    session_id: '12',
    created_at: ago(58),
    event: 'import.file.saved',
    item_id: 'a.jpg',
    details: JSON.stringify(saved),
  }),
  ...[10, 20, 30].map((duration_ms) =>
    auditRow({
      session_id: '12',
      created_at: ago(57),
      event: 'performance',
      category: 'performance',
      duration_ms,
      details: '{"operation":"hash"}',
    }),
  ),
  auditRow({
    session_id: '12',
    created_at: ago(56),
    level: 'error',
    event: 'error',
    item_id: 'b.jpg',
    error_type: 'ENOSPC',
    error_message: 'disk full',
  }),
  auditRow({
    session_id: '12',
    created_at: ago(55),
    level: 'error',
    event: 'error',
    item_id: 'c.jpg',
    error_type: 'ENOSPC',
    error_message: 'disk full again',
  }),
  auditRow({
    session_id: '120',
    created_at: ago(54),
    level: 'critical',
    event: 'error',
    item_id: 'a.jpg',
    error_type: 'EACCES',
    error_message: 'denied',
  }),
  apiRow({ created_at: ago(5), method: 'POST', endpoint: '/imports', response_status: 500, correlation_id: 'c-1' }),
  apiRow({ created_at: ago(4), trace_id: '0'.repeat(31).concat('9'), response_status: 200 }),
  progressRow({
    span_id: '0000000000000001',
    session_id: '12',
    item_id: 'a.jpg',
    step_name: 'validate',
    status: 'SUCCESS',
    created_at: ago(5),
    updated_at: ago(5),
    ended_at: ago(5),
    duration_ms: 7,
  }),
  progressRow({
    span_id: '0000000000000002',
    session_id: '12',
    item_id: 'b.jpg',
    step_name: 'db_commit',
    status: 'FAILED',
    created_at: ago(5),
    updated_at: ago(4),
    ended_at: ago(4),
    duration_ms: 900,
    error_message: 'deadlock',
  }),
  progressRow({
    trace_id: '0'.repeat(31).concat('5'),
    session_id: 'open',
    step_name: 'move',
    created_at: ago(20),
    updated_at: ago(1),
    done: 3,
    total: 9,
  }),
  progressRow({
    trace_id: '0'.repeat(31).concat('6'),
    session_id: 'open',
    step_name: 'hash',
    created_at: ago(90),
    updated_at: ago(80),
    instance_id: 'gone',
  }),
];

const expected: Readonly<Record<string, readonly unknown[]>> = {
  'All events of a session, in order': [
    { event: 'import.session.start' },
    { event: 'import.item.claim' },
    { event: 'import.item.transition' },
    { event: 'import.file.saved' },
    { event: 'performance' },
    { event: 'performance' },
    { event: 'performance' },
    { message: 'Item moved.' },
    { level: 'error' },
  ],
  'The last five completed sessions': [
    { id: '12', state: 'imported', total: 3, duration_seconds: 600, partial: true, last_error: 'disk full again' },
    { id: '100' },
    { id: '110' },
    { id: '120', last_error: 'denied' },
    { id: '130' },
  ],
  'Saved files': [{ item_id: 'a.jpg', ...saved }],
  'Error rate of a session in the last 24 hours': [{ ended: 2, failed: 1, error_rate: 0.5 }],
  'Mean duration of measured operations': [{ operation: 'hash', measurements: 3, mean_ms: 20, p95_ms: 29 }],
  'The five most frequent kinds of error': [
    { error_type: 'ENOSPC', errors: 2, items: 2, last_message: 'disk full again' },
    { error_type: 'EACCES', errors: 1 },
  ],
  'From a failed request to the step that failed': [
    { response_status: 500, step_name: 'db_commit', status: 'FAILED', error_message: 'deadlock' },
    { response_status: 500, step_name: 'validate', status: 'SUCCESS' },
  ],
  'What is running, and what is stuck': [
    { step_name: 'hash', verdict: 'lost' },
    { step_name: 'move', done: 3, total: 9, verdict: 'running' },
  ],
  'The slowest steps of a session': [{ step_name: 'db_commit', duration_ms: 900 }, { step_name: 'validate' }],
  'The way of one item': [
    { event: 'import.item.claim' },
    { event: 'import.item.transition', to_state: 'analyzing' },
    { event: 'import.file.saved' },
  ],
  'More duplicates than usual': [
    { id: 'open', duplicate_share: 1 },
    { id: '12', duplicate_share: expect.closeTo(1 / 3) },
  ],
  'From a row to its trace': [{ trace: traceId, event: 'import.item.claim' }],
};

const database = useDatabase();
const directory = mkdtempSync(join(tmpdir(), 'spanledger-recipes-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

beforeAll(() => placeEmbeddedStore(directory));

describe.each([
  ['Postgres', () => createPostgresStore({ connectionString: database.url })],
  ['the embedded store', () => createEmbeddedStore({ directory })],
] as const)('the SQL recipes in %s', (_, open) => {
  let store: SqlLedgerStore;

  beforeAll(async () => {
    store = open();
    expect(await store.ship(shipment(rows))).toMatchObject({ status: 'stored' });
    await store.heartbeat({ owner: sampleOwner(), seenAt: now });
    await store.heartbeat({ owner: sampleOwner('gone'), seenAt: ago(70) });
  });
  afterAll(() => store.close());

  const run = ({ sql }: Recipe) => {
    const names = [...new Set([...sql.matchAll(/:'(\w+)'/g)].map(([, name = '']) => name))];
    const bound = names.reduce((text, name, index) => text.replaceAll(`:'${name}'`, `$${index + 1}`), sql);
    return store.query(
      bound.replace(/;\s*$/, ''),
      names.map((name) => values[name] ?? `no value for ${name}`),
    );
  };

  test.each(recipes())('$title', async (recipe) => {
    const found = await run(recipe);
    expect(found.length).toBeGreaterThan(0);
    const first = recipes().find(({ title }) => title === recipe.title);
    const rows = recipe.sql === first?.sql ? expected[recipe.title] : undefined;
    if (rows !== undefined) expect(found).toMatchObject(rows as object[]);
  });

  test('a stuck unit is shown with the reason for the verdict', async () => {
    const stuck = recipes().find(({ sql }) => sql.includes('v_stuck'));
    expect(await run(stuck ?? { title: '', sql: '' })).toMatchObject([{ verdict: 'lost', step_name: 'hash' }]);
  });

  test('every recipe with an answer stands in the page', () => {
    expect(Object.keys(expected).filter((title) => !recipes().some((recipe) => recipe.title === title))).toEqual([]);
  });
});
