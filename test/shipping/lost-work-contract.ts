import { hostname } from 'node:os';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Row, tables } from '../../src/projection/tables.ts';
import type { SqlLedgerStore } from '../../src/shipping/ledger-store.ts';
import { closeLostWork, type LostWorkOptions } from '../../src/shipping/lost-work.ts';
import type { Heartbeat } from '../../src/shipping/store.ts';
import { itemRow, noon, progressRow, sampleOwner, sessionRow, shipment, traceId } from './sample-rows.ts';

const second = 1_000_000;
const spans = {
  session: 'aaaaaaaaaaaaaaa1',
  item: 'aaaaaaaaaaaaaaa2',
  step: 'aaaaaaaaaaaaaaa3',
  other: 'aaaaaaaaaaaaaaa4',
};

/** What closing lost work must hold in every database. */
export function describeLostWork(open: () => SqlLedgerStore): void {
  let store: SqlLedgerStore;
  let offset = 0;

  beforeAll(() => {
    store = open();
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    offset = 0;
    const names = [...Object.keys(tables), 'shipments', 'instances', 'lost_instances', 'lost_units'];
    await store.database.transaction((connection) =>
      connection.script(names.map((name) => `delete from spanledger.${name}`).join(';\n')),
    );
  });

  const ship = async (rows: readonly Row[]) => {
    const from = offset;
    offset += 100;
    expect(await store.ship(shipment(rows, { from, to: offset }))).toMatchObject({ status: 'stored' });
  };
  const heartbeat = (values: Partial<Heartbeat> = {}) =>
    store.heartbeat({ owner: sampleOwner(), seenAt: noon + 10 * second, ...values });
  const sweep = (options: Partial<LostWorkOptions> = {}) =>
    closeLostWork(store, { closedBy: 'closer-1', graceMillis: 0, ...options });
  const killed = { endedAt: noon + 10 * second, exitSignal: 'SIGKILL', exitEvidence: '{"by": "parent"}' };
  const unit = async (span: string) => (await store.query('select * from task_progress where span_id = $1', [span]))[0];
  const item = async () => (await store.query("select * from import_items where id = 'a.jpg'"))[0];
  const session = async () => (await store.query("select * from import_sessions where id = 'local-7'"))[0];
  const events = async () =>
    store.query('select event, from_state, to_state, reason, level, details from audit_log order by created_at');

  /** A session at work on one item, in one step, as a process leaves it that is killed. */
  const atWork = () => [
    progressRow({ span_id: spans.session, unit: 'session', step_name: 'import.session', session_id: 'local-7' }),
    progressRow({
      span_id: spans.item,
      unit: 'item',
      step_name: 'import.item',
      session_id: 'local-7',
      item_id: 'a.jpg',
    }),
    progressRow({ span_id: spans.step, unit: 'step', session_id: 'local-7', item_id: 'a.jpg' }),
    sessionRow({
      state: 'importing',
      instance_id: 'instance-1',
      total: 3,
      pending: 1,
      processing: 1,
      imported: 1,
      skipped: 0,
      failed: 0,
      missing: 0,
    }),
    itemRow({ state: 'moving', instance_id: 'instance-1', trace_id: traceId, span_id: spans.item }),
    itemRow({ id: 'b.jpg', state: 'imported', instance_id: 'instance-1', ended_at: noon }),
  ];

  test('closes a session with its items and steps once, with the cause that a parent saw', async () => {
    await ship(atWork());
    await heartbeat(killed);
    const [closed] = await sweep();
    expect(closed).toMatchObject({ status: 'closed', sessions: 1, items: 1, units: 3, cause: { kind: 'signal' } });
    const reason = 'interrupted: process 4711 on host-1 ended by SIGKILL, seen by its parent';
    for (const span of [spans.session, spans.item, spans.step]) {
      expect(await unit(span)).toMatchObject({
        status: 'FAILED',
        error_message: reason,
        ended_at: new Date((noon + 10 * second) / 1000),
        duration_ms: 10_000,
        version: noon,
      });
    }
    expect(await session()).toMatchObject({
      state: 'failed',
      reason,
      total: 3,
      pending: 1,
      processing: 0,
      imported: 1,
      failed: 1,
    });
    expect(await item()).toMatchObject({ state: 'failed', reason });
    expect((await events()).map(({ event, from_state, to_state }) => [event, from_state, to_state]).sort()).toEqual([
      ['import.item.interrupted', null, null],
      ['import.item.transition', 'moving', 'failed'],
      ['import.session.interrupted', null, null],
      ['import.session.transition', 'importing', 'failed'],
      ['task.step.interrupted', null, null],
    ]);
    expect(await sweep()).toEqual([]);
    expect(await events()).toHaveLength(5);
  });

  test('lets one of several closers close, and the others find nothing left', async () => {
    await ship(atWork());
    await heartbeat(killed);
    const reports = await Promise.all(['one', 'two', 'three', 'four'].map((closedBy) => sweep({ closedBy })));
    expect(reports.flat().filter(({ status }) => status === 'closed')).toHaveLength(1);
    expect(await events()).toHaveLength(5);
  });

  test('names no cause that nobody has seen', async () => {
    await ship(atWork());
    await heartbeat({ endedAt: noon + 10 * second, exitEvidence: '{"by": "journal"}' });
    expect((await sweep())[0]?.cause).toEqual({ kind: 'unknown', text: 'of unknown cause' });
    expect((await session())?.reason).toBe('interrupted: process 4711 on host-1 is gone, cause unknown');
  });

  test('gives a parent a moment to tell why its child ended', async () => {
    await ship(atWork());
    await heartbeat({ endedAt: noon + 10 * second });
    expect(await sweep({ graceMillis: 60_000 })).toMatchObject([{ status: 'suspected' }]);
    expect(await sweep({ graceMillis: 60_000 })).toMatchObject([{ status: 'suspected' }]);
    await store.database.transaction((connection) =>
      connection.query("update spanledger.lost_instances set suspected_at = suspected_at - interval '61 seconds'"),
    );
    expect(await sweep({ graceMillis: 60_000 })).toMatchObject([{ status: 'closed' }]);
  });

  test('leaves a process alone that was silent while nobody watched, until it has been watched in vain', async () => {
    await ship(atWork());
    await heartbeat();
    expect(await sweep()).toMatchObject([{ status: 'suspected' }]);
    await heartbeat({ seenAt: noon + 20 * second });
    expect(await sweep()).toMatchObject([{ status: 'suspected' }]);
    expect(await unit(spans.step)).toMatchObject({ ended_at: null });
    await store.database.transaction((connection) =>
      connection.query("update spanledger.lost_instances set suspected_at = suspected_at - interval '121 seconds'"),
    );
    expect(await sweep()).toMatchObject([{ status: 'closed', cause: { kind: 'unknown' } }]);
  });

  test('leaves a silent process of this host alone while it runs', async () => {
    await ship(atWork());
    await heartbeat();
    expect(await sweep({ sees: () => true })).toEqual([]);
    const own = { ...sampleOwner('instance-2'), host: hostname(), pid: process.pid };
    await store.heartbeat({ owner: { ...own, startedAt: performance.timeOrigin * 1000 }, seenAt: noon });
    await ship([progressRow({ span_id: spans.other, instance_id: 'instance-2' })]);
    expect((await sweep()).map(({ instanceId }) => instanceId)).toEqual(['instance-1']);
  });

  test('lets the true end of a unit win that arrives later, whatever was concluded before', async () => {
    await ship(atWork());
    await heartbeat(killed);
    await sweep();
    const end = { version: noon + 1, status: 'SUCCESS', ended_at: noon + 2 * second, duration_ms: 2_000 };
    await ship([
      progressRow({ span_id: spans.item, unit: 'item', session_id: 'local-7', item_id: 'a.jpg', ...end }),
      itemRow({
        state: 'imported',
        instance_id: 'instance-1',
        trace_id: traceId,
        span_id: spans.item,
        version: noon + 1,
        ended_at: noon + 2 * second,
      }),
    ]);
    expect(await unit(spans.item)).toMatchObject({ status: 'SUCCESS', error_message: null, duration_ms: 2_000 });
    expect(await item()).toMatchObject({ state: 'imported' });
    expect(await sweep()).toEqual([]);
    expect(await session()).toMatchObject({ state: 'failed', imported: 2, failed: 0 });
    expect(await events()).toHaveLength(5);
  });

  test('closes again what records that came late have opened, without a second audit row', async () => {
    await ship(atWork());
    await heartbeat(killed);
    await sweep();
    await ship([
      progressRow({ span_id: spans.item, unit: 'item', status: 'IN_PROGRESS', version: noon + 1, done: 1 }),
      itemRow({
        state: 'updating',
        instance_id: 'instance-1',
        trace_id: traceId,
        span_id: spans.item,
        version: noon + 1,
        ended_at: null,
      }),
    ]);
    expect(await unit(spans.item)).toMatchObject({
      status: 'FAILED',
      done: 1,
      ended_at: new Date((noon + 10 * second) / 1000),
    });
    expect(await item()).toMatchObject({ state: 'updating', ended_at: null });
    await sweep();
    expect(await item()).toMatchObject({ state: 'failed', reason: expect.stringContaining('SIGKILL') });
    expect(await events()).toHaveLength(5);
    expect(await sweep()).toEqual([]);
  });

  test('leaves a session alone that another process has taken up again, and closes the old run of it', async () => {
    await ship(atWork());
    await ship([
      progressRow({ span_id: spans.other, unit: 'session', session_id: 'local-7', instance_id: 'instance-2' }),
      sessionRow({
        state: 'processing',
        instance_id: 'instance-2',
        trace_id: traceId.replace('0', '1'),
        version: noon + 5,
      }),
    ]);
    await store.heartbeat({ owner: sampleOwner('instance-2'), seenAt: Date.now() * 1000 });
    await heartbeat(killed);
    await sweep();
    expect(await unit(spans.session)).toMatchObject({ status: 'FAILED' });
    expect(await unit(spans.other)).toMatchObject({ status: 'START', ended_at: null });
    expect(await session()).toMatchObject({ state: 'processing', ended_at: null });
  });

  test('ends a unit as its state had ended, where only the end of the unit is missing', async () => {
    await ship([
      progressRow({ span_id: spans.item, unit: 'item', session_id: 'local-7', item_id: 'a.jpg' }),
      itemRow({ state: 'imported', instance_id: 'instance-1', trace_id: traceId, span_id: spans.item, ended_at: noon }),
    ]);
    await heartbeat(killed);
    await sweep();
    expect(await unit(spans.item)).toMatchObject({ status: 'SUCCESS', error_message: null });
    expect(await item()).toMatchObject({ state: 'imported' });
    expect(await events()).toEqual([]);
  });

  test('walks a session that had hardly begun to failed by legal moves, so that it can be retried', async () => {
    await ship([
      progressRow({ span_id: spans.session, unit: 'session', session_id: 'local-7' }),
      sessionRow({ state: 'pending', instance_id: 'instance-1' }),
    ]);
    await heartbeat(killed);
    await sweep();
    const moves = (await events()).filter(({ event }) => event === 'import.session.transition');
    expect(moves.map(({ from_state, to_state }) => `${from_state} ${to_state}`)).toEqual([
      'pending ready',
      'ready processing',
      'processing failed',
    ]);
  });

  test('gives the work back to a process that turns out to live', async () => {
    await ship(atWork());
    await heartbeat({ endedAt: noon + 10 * second });
    await sweep();
    expect(await item()).toMatchObject({ state: 'failed' });
    await heartbeat({ seenAt: noon + 300 * second });
    expect(await sweep()).toMatchObject([{ status: 'reopened', sessions: 1, items: 1, units: 3 }]);
    expect(await unit(spans.session)).toMatchObject({
      status: 'START',
      ended_at: null,
      error_message: null,
      duration_ms: null,
    });
    expect(await item()).toMatchObject({ state: 'moving', ended_at: null });
    expect(await session()).toMatchObject({ state: 'importing', ended_at: null, processing: 1, failed: 0 });
    expect(
      (await events())
        .slice(-3)
        .map(({ event }) => event)
        .sort(),
    ).toEqual(['import.item.transition', 'import.session.transition', 'task.step.reopened']);
  });

  test('gives the work back also of which the process has told more by then, but not what it has ended itself', async () => {
    await ship(atWork());
    await heartbeat({ endedAt: noon + 10 * second });
    await sweep();
    const later = noon + 290 * second;
    await ship([
      progressRow({
        span_id: spans.session,
        unit: 'session',
        step_name: 'import.session',
        status: 'IN_PROGRESS',
        session_id: 'local-7',
        done: 2,
        updated_at: later,
        version: later,
      }),
      sessionRow({ instance_id: 'instance-1', last_progress_at: later, version: later }),
      progressRow({ span_id: spans.step, status: 'SUCCESS', updated_at: later, ended_at: later, version: later }),
    ]);
    expect(await unit(spans.session)).toMatchObject({ status: 'FAILED' });
    await heartbeat({ seenAt: noon + 300 * second });
    expect(await sweep()).toMatchObject([{ status: 'reopened', sessions: 1, items: 1, units: 2 }]);
    expect(await unit(spans.session)).toMatchObject({ ended_at: null, error_message: null, done: 2 });
    expect(await session()).toMatchObject({ state: 'importing', ended_at: null });
    expect(await unit(spans.step)).toMatchObject({ status: 'SUCCESS', ended_at: new Date(later / 1000) });
  });

  test('tells a killing by the kernel from other ones by the counter of the cgroup', async () => {
    await ship(atWork());
    const evidence = { by: 'parent', oomKills: { before: 2, after: 3 } };
    await heartbeat({ ...killed, exitEvidence: JSON.stringify(evidence) });
    const [closed] = await sweep();
    expect(closed?.cause.kind).toBe('oom');
    const [told] = (await events()).filter(({ event }) => event === 'import.session.interrupted');
    expect(told).toMatchObject({
      level: 'error',
      details: { cause: 'oom', evidence, closed_by: 'closer-1', pid: 4711 },
    });
  });

  test('forgets after ninety days what it has closed', async () => {
    await ship(atWork());
    await heartbeat(killed);
    await sweep();
    await store.database.transaction((connection) =>
      connection.query("update spanledger.lost_instances set closed_at = closed_at - interval '91 days'"),
    );
    await store.heartbeat({ owner: sampleOwner('instance-2'), seenAt: noon, ...killed });
    await ship([progressRow({ span_id: spans.other, instance_id: 'instance-2' })]);
    await sweep();
    const kept = await store.query('select distinct instance_id from lost_units');
    expect(kept).toEqual([{ instance_id: 'instance-2' }]);
  });

  test('closes thousands of units of one process', async () => {
    const span = (index: number) => index.toString(16).padStart(16, '0');
    await ship(Array.from({ length: 1_200 }, (_, index) => progressRow({ span_id: span(index + 1), unit: 'task' })));
    await heartbeat(killed);
    expect(await sweep()).toMatchObject([{ units: 1_200 }]);
    const [open] = await store.query('select count(*) as value from task_progress where ended_at is null');
    expect(open?.value).toBe(0);
    const [told] = await store.query("select count(*) as value from audit_log where event = 'task.step.interrupted'");
    expect(told?.value).toBe(1_200);
  });
}
