import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { learnExpectations, learnInTurn } from '../../src/shipping/expectations.ts';
import type { SqlLedgerStore } from '../../src/shipping/ledger-store.ts';
import { createPostgresStore } from '../../src/shipping/postgres-store.ts';
import { useDatabase } from '../harness/database.ts';
import { progressRow, sampleOwner, sessionRow, shipment } from './sample-rows.ts';

const database = useDatabase();
let store: SqlLedgerStore;

beforeAll(() => {
  store = createPostgresStore({ connectionString: database.url });
});
afterAll(() => store.close());
beforeEach(() =>
  store.database.transaction((connection) =>
    connection.script(
      'truncate spanledger.task_progress, spanledger.import_sessions, spanledger.shipments, spanledger.chores, spanledger.expectations',
    ),
  ),
);

const now = Date.now() * 1000;
const ago = (seconds: number) => now - seconds * 1_000_000;
let spans = 0;
function span(): string {
  spans += 1;
  return spans.toString(16).padStart(16, '0');
}

/** A unit that took so long and ended so many seconds ago. */
function ended(seconds: number, tookMillis: number, more: Parameters<typeof progressRow>[0] = {}) {
  const created_at = ago(seconds) - tookMillis * 1000;
  const times = { created_at, updated_at: ago(seconds), ended_at: ago(seconds), duration_ms: tookMillis };
  return progressRow({ span_id: span(), status: 'SUCCESS', ...times, ...more });
}

async function ship(rows: Parameters<typeof shipment>[0]): Promise<void> {
  const result = await store.ship(shipment(rows, { from: 0 }));
  expect(result.status).toBe('stored');
  await store.database.transaction((connection) => connection.script('truncate spanledger.shipments'));
  await store.heartbeat({ owner: sampleOwner(), seenAt: Date.now() * 1000 });
}

const known = () =>
  store.query(
    'select unit, task_name, step_name, runs, median_seconds, p95_seconds from expectations order by unit, task_name, step_name',
  );

describe('what is learned of durations', () => {
  it('is the median and the p95 of successes by name, inside and outside of sessions', async () => {
    const inside = { unit: 'step', session_id: 'a', task_name: 'local', step_name: 'move' };
    const outside = { unit: 'task', session_id: undefined, task_name: 'nightly', step_name: 'sync' };
    await ship([
      sessionRow({ id: 'a', kind: 'local', started_at: ago(900), ended_at: undefined }),
      ...[1000, 2000, 3000].map((took) => ended(500, took, inside)),
      ended(500, 90_000, { ...inside, status: 'FAILED' }),
      ...[10_000, 20_000].map((took) => ended(400, took, outside)),
    ]);
    await learnExpectations(store);
    expect(await known()).toEqual([
      { unit: 'step', task_name: 'local', step_name: 'move', runs: 3, median_seconds: 2, p95_seconds: 2.9 },
      { unit: 'task', task_name: 'nightly', step_name: 'sync', runs: 2, median_seconds: 15, p95_seconds: 19.5 },
    ]);
  });

  it('comes from sessions that have ended where many of the same kind are open', async () => {
    const open = Array.from({ length: 9 }, (_, n) =>
      sessionRow({ id: `open-${n}`, kind: 'local', started_at: ago(10), ended_at: undefined }),
    );
    const before = sessionRow({ id: 'before', kind: 'local', started_at: ago(9000), ended_at: ago(8000) });
    await ship([...open, before, ended(8500, 7000, { unit: 'item', session_id: 'before', task_name: 'local' })]);
    await learnExpectations(store);
    expect(await known()).toEqual([expect.objectContaining({ unit: 'item', runs: 1, median_seconds: 7 })]);
  });

  it('stays where there is less to learn from than before, and goes after a quarter of a year', async () => {
    const outside = { unit: 'task', session_id: undefined, task_name: 'nightly', step_name: 'sync' };
    await ship(Array.from({ length: 30 }, () => ended(400, 1000, outside)));
    await learnExpectations(store);
    await store.database.transaction((connection) =>
      connection.script(
        "truncate spanledger.task_progress; update spanledger.expectations set learned_at = now() - interval '80 days'",
      ),
    );
    await ship([ended(300, 99_000, outside)]);
    await learnExpectations(store);
    expect(await known()).toEqual([expect.objectContaining({ runs: 30, median_seconds: 1 })]);
    await store.database.transaction((connection) =>
      connection.script(
        "update spanledger.expectations set learned_at = now() - interval '91 days'; truncate spanledger.task_progress",
      ),
    );
    await learnExpectations(store);
    expect(await known()).toEqual([]);
  });

  it('compares a session with imported ones of its kind with half to twice its total', async () => {
    const earlier = [
      { id: 'small', total: 10, seconds: 100 },
      { id: 'half', total: 50, seconds: 400 },
      { id: 'twice', total: 200, seconds: 600 },
      { id: 'large', total: 201, seconds: 900 },
    ].map(({ id, total, seconds }, place) =>
      sessionRow({
        id,
        total,
        kind: 'local',
        state: 'imported',
        started_at: ago(5000 + place + seconds),
        ended_at: ago(5000 + place),
      }),
    );
    const begun = { started_at: ago(60), last_progress_at: ago(50), ended_at: undefined };
    await ship([
      ...earlier,
      sessionRow({
        id: 'failed',
        total: 100,
        kind: 'local',
        state: 'failed',
        started_at: ago(4000),
        ended_at: ago(1000),
      }),
      sessionRow({
        id: 'other',
        total: 100,
        kind: 'picker',
        state: 'imported',
        started_at: ago(4000),
        ended_at: ago(1000),
      }),
      sessionRow({ id: 'now', total: 100, kind: 'local', state: 'importing', ...begun }),
      progressRow({ unit: 'session', session_id: 'now', span_id: span(), created_at: ago(60), updated_at: ago(50) }),
    ]);
    await learnExpectations(store);
    expect(await store.query('select history_runs, history_median_seconds, expected_source from v_running')).toEqual([
      { history_runs: 2, history_median_seconds: 500, expected_source: 'history' },
    ]);
  });

  it('is learned by one of many who ask at once', async () => {
    await ship([ended(10, 1000, { session_id: undefined })]);
    const asked = await Promise.all(
      ['a', 'b', 'c', 'd'].map((instanceId) => learnInTurn(store, { instanceId, everySeconds: 100 })),
    );
    expect(asked.filter((wasLearned) => wasLearned)).toEqual([true]);
    expect(await known()).toHaveLength(1);
  });
});
