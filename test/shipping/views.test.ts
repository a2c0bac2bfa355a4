import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SqlLedgerStore } from '../../src/shipping/ledger-store.ts';
import { createPostgresStore } from '../../src/shipping/postgres-store.ts';
import { type VerdictCase, verdictCases } from '../domain/verdict-cases.ts';
import { useDatabase } from '../harness/database.ts';
import { auditRow, itemRow, noon, progressRow, sampleOwner, sessionRow, shipment, traceId } from './sample-rows.ts';

const database = useDatabase();
let store: SqlLedgerStore;

beforeAll(() => {
  store = createPostgresStore({ connectionString: database.url });
});
afterAll(() => store.close());
beforeEach(async () => {
  await store.database.transaction((connection) =>
    connection.script(
      'truncate spanledger.audit_log, spanledger.task_progress, spanledger.import_sessions, spanledger.instances, spanledger.shipments',
    ),
  );
});

describe('verdict', () => {
  /** What the view makes of the units inside, it tells the function. */
  const cases = verdictCases.filter(({ facts }) => facts.openUnits === undefined);

  test('P5 answers as the library does on every case of the shared table, to the microsecond', async () => {
    const time = (place: number) => `timestamptz 'epoch' + $${place}::bigint * interval '1 microsecond'`;
    const times = [1, 2, 3, 4, 5, 6, 7].map(time).join(', ');
    const found = [];
    for (const { name, facts } of cases) {
      const { startedAt, endedAt, lastProgressAt, heartbeatAt, instanceEndedAt, wait, now, limits } = facts;
      const [row] = await store.query<{ verdict: string }>(`select verdict(${times}, $8, $9, $10)`, [
        ...[startedAt, endedAt, lastProgressAt, heartbeatAt, instanceEndedAt, wait?.until, now].map((at) => at ?? null),
        (limits?.stuckAfterMillis ?? 600_000) / 1000,
        limits?.limitMillis === undefined ? null : limits.limitMillis / 1000,
        (limits?.lostAfterMillis ?? 120_000) / 1000,
      ]);
      found.push({ name, verdict: row?.verdict });
    }
    expect(found).toEqual(cases.map(({ name, verdict }) => ({ name, verdict })));
  });
});

describe('v_running', () => {
  /** The facts as rows, moved from the time of the case to now. */
  function rowsOfCase({ facts }: VerdictCase, now: number) {
    const at = (time: number) => now - (facts.now - time);
    const unit = progressRow({
      unit: 'item',
      session_id: 's',
      item_id: 'i',
      created_at: at(facts.startedAt),
      updated_at: at(facts.lastProgressAt ?? facts.startedAt),
      ended_at: facts.endedAt === undefined ? undefined : at(facts.endedAt),
      waiting_until: facts.wait === undefined ? undefined : at(facts.wait.until),
      expectation: JSON.stringify({
        limit_ms: facts.limits?.limitMillis,
        ...(facts.limits?.stuckAfterMillis !== 600_000 && { stuck_after_ms: facts.limits?.stuckAfterMillis }),
      }),
    });
    const inner = (facts.openUnits ?? []).map((open, index) =>
      progressRow({
        span_id: String(index + 1).padStart(16, '0'),
        session_id: 's',
        item_id: 'i',
        created_at: at(open.startedAt),
        updated_at: at(open.lastProgressAt ?? open.startedAt),
        waiting_until: open.waitingUntil === undefined ? undefined : at(open.waitingUntil),
      }),
    );
    return { rows: [unit, ...inner], at };
  }

  test.each(verdictCases)('agrees with the library on work that $name', async (verdictCase) => {
    const { facts, verdict } = verdictCase;
    const now = Date.now() * 1000;
    const { rows, at } = rowsOfCase(verdictCase, now);
    await store.ship(shipment(rows, { from: 0 }));
    await store.database.transaction((connection) => connection.script('truncate spanledger.instances'));
    const { heartbeatAt, instanceEndedAt } = facts;
    const owner = { ...sampleOwner(), startedAt: 0 };
    if (heartbeatAt !== undefined || instanceEndedAt !== undefined) {
      const seenAt = at(heartbeatAt ?? instanceEndedAt ?? 0);
      await store.heartbeat({ owner, seenAt, ...(instanceEndedAt !== undefined && { endedAt: at(instanceEndedAt) }) });
    }
    // Time stands still within a transaction: all is moved by what has passed before it.
    const moved = (column: string) =>
      `${column} = ${column} + (now() - (timestamptz 'epoch' + ${now}::bigint * interval '1 microsecond'))`;
    const found = await store.database.transaction(async (connection) => {
      const columns = ['created_at', 'updated_at', 'ended_at', 'waiting_until'].map(moved);
      await connection.script(`update spanledger.task_progress set ${columns.join(', ')};
        update spanledger.instances set ${['last_seen_at', 'ended_at'].map(moved).join(', ')}`);
      return connection.query("select verdict from spanledger.v_running where span_id = 'b7ad6b7169203331'");
    });
    expect(found).toEqual(verdict === 'done' ? [] : [{ verdict }]);
  });

  test('judges sessions by their kind and by the progress of what is open in them', async () => {
    const now = Date.now() * 1000;
    const ago = (seconds: number) => now - seconds * 1_000_000;
    const sessionUnit = (id: string, span_id: string, seconds: number) => [
      progressRow({ unit: 'session', session_id: id, span_id, created_at: ago(seconds), updated_at: ago(seconds) }),
      sessionRow({ id, kind: id.split('-')[0], started_at: ago(seconds), last_progress_at: ago(seconds) }),
    ];
    await store.ship(
      shipment([
        ...sessionUnit('local-1', '0000000000000001', 5000),
        ...sessionUnit('picker-1', '0000000000000002', 5000),
        ...sessionUnit('picker-2', '0000000000000003', 5000),
        progressRow({ session_id: 'picker-2', span_id: '0000000000000004', created_at: ago(100), updated_at: ago(9) }),
      ]),
    );
    await store.heartbeat({ owner: sampleOwner(), seenAt: now });
    expect(await store.query("select session_id, verdict from v_running where unit = 'session' order by 1")).toEqual([
      { session_id: 'local-1', verdict: 'running' },
      { session_id: 'picker-1', verdict: 'stuck' },
      { session_id: 'picker-2', verdict: 'running' },
    ]);
    expect(await store.query('select session_id from v_stuck')).toEqual([{ session_id: 'picker-1' }]);
  });
});

describe('last_records', () => {
  test('tells the newest record of each session and item, not older than asked for', async () => {
    const record = (event: string, second: number, of: object) =>
      auditRow({ event, created_at: noon + second * 1_000_000, ...of });
    await store.ship(
      shipment([
        record('older', 1, { session_id: 's', item_id: undefined }),
        record('newest of s', 9, { session_id: 's', item_id: undefined }),
        record('older', 2, { session_id: 's', item_id: 'i' }),
        record('newest of i', 8, { session_id: 's', item_id: 'i' }),
        record('of another i', 9, { session_id: 'other', item_id: 'i' }),
        record('months ago', -86_400 * 70, { session_id: 'old', item_id: undefined }),
      ]),
    );
    const at = new Date(noon / 1000);
    const ask = (nos: number[], sessions: string[], items: (string | null)[], sinces: Date[]) =>
      store.query('select no, event from last_records($1, $2, $3, $4) order by no', [nos, sessions, items, sinces]);
    expect(await ask([7, 8, 9], ['s', 's', 'old'], [null, 'i', null], [at, at, at])).toEqual([
      { no: 7, event: 'newest of s' },
      { no: 8, event: 'newest of i' },
    ]);
    const longAgo = new Date(at.getTime() - 90 * 86_400_000);
    expect(await ask([1, 2], ['old', 's'], [null, 'i'], [longAgo, new Date(at.getTime() + 8_001)])).toEqual([
      { no: 1, event: 'months ago' },
    ]);
    expect(await ask([], [], [], [])).toEqual([]);
  });
});

describe('open_work', () => {
  test('tells the unit around each: by span, else by item, else by session, of the same process', async () => {
    const now = Date.now() * 1000;
    const unit = (step_name: string, more: object) =>
      progressRow({ step_name, session_id: 's', item_id: undefined, created_at: now, updated_at: now, ...more });
    const far = { trace_id: 'cd'.repeat(16) };
    await store.ship(
      shipment([
        unit('session', { unit: 'session', span_id: '0000000000000001' }),
        unit('item', { unit: 'item', item_id: 'i', span_id: '0000000000000002', ...far }),
        unit('step', { item_id: 'i', span_id: '0000000000000003' }),
        unit('deep', { item_id: 'i', span_id: '0000000000000004', parent_span_id: '0000000000000003' }),
        unit('chunk', { unit: 'chunk', item_id: 'i', span_id: '0000000000000005' }),
        unit('alone', { session_id: undefined, span_id: '0000000000000006' }),
        unit('itself', { session_id: undefined, span_id: '0000000000000007', parent_span_id: '0000000000000007' }),
      ]),
    );
    const sql = `select w.step_name as unit, a.step_name as around from open_work() w left join open_work() a on a.no = w.parent
      order by w.span_id`;
    const found = await store.query<{ unit: string; around: string | null }>(sql);
    expect(found.map(({ unit: name, around }) => [name, around])).toEqual([
      ['session', null],
      ['item', 'session'],
      ['step', 'item'],
      ['deep', 'step'],
      ['chunk', 'session'],
      ['alone', null],
      ['itself', 'itself'],
    ]);
  });
});

describe('each index', () => {
  /** The indexes and scans in a plan, and how it sorts. */
  async function planOf(sql: string): Promise<string> {
    const rows = await store.query<{ 'QUERY PLAN': string }>(`explain (costs off) ${sql}`);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  }

  beforeEach(async () => {
    const trace = (n: number) => n.toString(16).padStart(32, '0');
    const rows = Array.from({ length: 4000 }, (_, n) => {
      const ids = {
        session_id: n % 2 === 1 ? 's7' : `s${n % 40}`,
        item_id: `i${n % 800}`,
        trace_id: trace(1 + (n % 400)),
      };
      const level = n % 100 === 0 ? 'error' : 'info';
      return [
        auditRow({ ...ids, created_at: noon + n, seq: n, level, ...(n % 10 === 0 && { correlation_id: `c${n}` }) }),
        progressRow({
          ...ids,
          span_id: n.toString(16).padStart(16, '0'),
          ended_at: n % 500 === 0 ? undefined : noon + n,
          created_at: noon + n,
        }),
      ];
    }).flat();
    const sessions = Array.from({ length: 2000 }, (_, n) =>
      sessionRow({ id: `s${n}`, started_at: noon + n, ...(n % 2 === 0 && { ended_at: noon + n }) }),
    );
    const owner = sampleOwner();
    expect(await store.ship(shipment([...rows, ...sessions, itemRow()], { owner, from: 0 }))).toMatchObject({
      status: 'stored',
    });
    await store.database.transaction((connection) =>
      connection.script('analyze spanledger.audit_log, spanledger.task_progress, spanledger.import_sessions'),
    );
  });

  const queries: Readonly<Record<string, readonly [sql: string, ...uses: string[]]>> = {
    'serves a page of a session’s timeline without sorting it': [
      `select * from v_session_timeline where session_id = 's7' and at > '2025-11-22' order by at limit 50`,
      'task_progress_session',
    ],
    'serves the records of a session': [
      `select * from audit_log where session_id = 's4' order by created_at, id limit 50`,
      'session_id_created_at_idx',
    ],
    'serves an item': [
      `select * from audit_log where item_id = 'i9' and session_id = 's7' order by created_at`,
      'item_id_created_at_idx',
    ],
    'serves a trace': [`select * from audit_log where trace_id = '${traceId}'`, 'trace_id_idx'],
    'serves a correlation id': [
      `select * from audit_log where correlation_id = 'c10' order by created_at desc limit 50`,
      'correlation_id_created_at_idx',
    ],
    'serves the newest records': ['select * from audit_log order by created_at desc, id desc limit 20', '_pkey'],
    'serves the last errors': ['select * from v_errors order by created_at desc limit 20', 'created_at_idx'],
    'serves the errors of a session': [
      `select count(*) from v_errors where session_id = 's0'`,
      'session_id_created_at_idx1',
    ],
    'serves what is running': ['select * from task_progress where ended_at is null', 'task_progress_running'],
    'serves the newest sessions': [
      'select * from v_session_summary order by started_at desc limit 20',
      'import_sessions_started',
    ],
    'serves the last completed sessions': [
      'select * from v_session_summary where ended_at is not null order by ended_at desc limit 5',
      'import_sessions_ended',
    ],
    'serves the steps of a trace': [`select * from task_progress where trace_id = '${traceId}'`, 'task_progress_pkey'],
  };

  test('has a query that uses it, and no query on the logs reads a whole month', async () => {
    for (const [name, [sql, ...uses]] of Object.entries(queries)) {
      const plan = await planOf(sql);
      for (const index of uses) expect(plan, `${name}:\n${plan}`).toContain(index);
      expect(plan, `${name}:\n${plan}`).not.toContain('Seq Scan on audit_log_2025_11');
    }
    const timeline = await planOf(queries['serves a page of a session’s timeline without sorting it']?.[0] ?? '');
    expect(timeline).toContain('Merge Append');
    expect(timeline).not.toContain('->  Sort');
  });

  test('answers what is open: neither units nor sessions of the past are read for it', async () => {
    const [before, after] = await store.database.transaction(async (connection) => {
      await connection.script('set local search_path = spanledger');
      // What the connection did before may not have been counted elsewhere yet.
      const scans = () =>
        connection.query(
          `select relname as table, seq_scan as scans from pg_stat_xact_user_tables
            where schemaname = 'spanledger' and relname in ('task_progress', 'import_sessions') order by 1`,
        );
      const begun = await scans();
      expect(await connection.query('select count(*) as open from v_running')).toEqual([{ open: 8 }]);
      return [begun, await scans()];
    }, 'read only');
    expect(before.map(({ table }) => table)).toEqual(['import_sessions', 'task_progress']);
    expect(after).toEqual(before);
  });

  /** What is asked of tables that are nearly empty here: shown is that the index can answer it. */
  const further = [
    'select max(id) from audit_log where id > 3990',
    'select * from api_logs where id > 19990 order by created_at, id',
    `select * from audit_log where event = any('{incident}'::text[]) order by created_at desc, id desc limit 10`,
    `select * from audit_log where task_id = 'job-7' order by created_at desc, id desc limit 1`,
    'select * from api_logs order by created_at desc, id desc limit 100',
    `select * from api_logs where trace_id = '${traceId}'`,
    `select * from api_logs where correlation_id = 'c10'`,
    'select * from api_logs where response_status >= 500 order by created_at desc limit 20',
    `select * from task_progress where created_at < '2025-01-01'`,
    `select * from task_progress where session_id = 's7' order by created_at`,
    `select state, count(*) from import_items where session_id = 's7' group by state`,
    `select count(*) from import_items where started_at >= '2025-11-22'`,
  ];

  test('is one that a query needs: there are no others', async () => {
    // So many that a few pages of their ids are less to read than the keys of all.
    await store.database.transaction((connection) =>
      connection.script(`insert into spanledger.api_logs (created_at, trace_id, service_name, direction, method, endpoint)
          select timestamptz '2025-11-22' + n * interval '1 s', gen_random_uuid(), 'importer', 'inbound', 'GET', '/imports/7' from generate_series(1, 20000) n;
        analyze spanledger.api_logs`),
    );
    const statements = [...Object.values(queries).map(([sql]) => sql), ...further];
    const { indexes, plans } = await store.database.transaction(async (connection) => {
      await connection.script('set local search_path = spanledger; set local enable_seqscan = off');
      const plans: string[] = [];
      for (const sql of statements) {
        plans.push(JSON.stringify(await connection.query(`explain (costs off) ${sql}`)));
      }
      const found = await connection.query<{ name: string; own: string[] }>(`
        select i.indexrelid::regclass::text as name,
          array(select p.inhrelid::regclass::text from pg_inherits p where p.inhparent = i.indexrelid
            union select i.indexrelid::regclass::text) as own
        from pg_index i join pg_class c on c.oid = i.indrelid
        where c.relname in ('audit_log', 'api_logs', 'task_progress', 'import_sessions', 'import_items')
          and c.relnamespace = 'spanledger'::regnamespace and (not i.indisprimary or c.relkind = 'p')`);
      return { indexes: found, plans };
    }, 'read only');
    expect(indexes.length).toBeGreaterThan(15);
    const used = new Set(plans.flatMap((plan) => plan.match(/\w+/g) ?? []));
    const unused = indexes.filter(({ own }) => !own.some((name) => used.has(name)));
    expect(unused.map(({ name }) => name)).toEqual([]);
  });
});
