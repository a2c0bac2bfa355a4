import { inspect } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attribute } from '../../src/telemetry/conventions.ts';
import { useDatabase } from '../harness/database.ts';
import {
  type OtlpReceiver,
  type ReceivedEvent,
  type ReceivedLog,
  type ReceivedSpan,
  startOtlpReceiver,
} from './otlp-receiver.ts';
import { createWorkshop, type Ended, type Workshop } from './program.ts';

interface ProgressRow {
  readonly trace: string;
  readonly span_id: string;
  readonly parent_span_id: string | null;
  readonly unit: string;
  readonly task_name: string;
  readonly step_name: string;
  readonly status: string;
  readonly session_id: string | null;
  readonly item_id: string | null;
  readonly execution_order: number | null;
  readonly attempt: number | null;
  readonly started: string;
  readonly ended: string;
  readonly instance_id: string;
  readonly service_name: string;
}

interface AuditRow {
  readonly trace: string;
  readonly span_id: string;
  readonly seq: number;
  readonly event: string;
  readonly level: string;
  readonly category: string;
  readonly message: string;
  readonly at: string;
  readonly from_state: string | null;
  readonly to_state: string | null;
  readonly reason: string | null;
  readonly error_type: string | null;
  readonly error_message: string | null;
  readonly details: unknown;
  readonly recommended_actions: unknown;
}

describe.each(['http/protobuf', 'http/json'])('one run, over OTLP (%s) and in the tables', (protocol) => {
  const database = useDatabase();
  let receiver: OtlpReceiver;
  let workshop: Workshop;
  let ended: Ended;
  let progress: readonly ProgressRow[];
  let audits: readonly AuditRow[];

  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    workshop = createWorkshop();
    const env = {
      DATABASE_URL: database.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_SERVICE_NAME: 'importer',
      // A machine that is busy is no reason to lose what the test looks for.
      SPANLEDGER_EXIT_TIMEOUT: '30000',
      // Nor to find stalls, which are told by the watchdog and belong to no span.
      SPANLEDGER_WATCHDOG_THRESHOLD: '60000',
    };
    ended = await workshop.run({ script: 'linked.mjs', env });
    ({ progress, audits } = await readTables(database.url));
  });
  afterAll(async () => {
    await workshop.remove();
    await receiver.close();
  });

  const span = (row: { readonly trace: string; readonly span_id: string }): ReceivedSpan | undefined =>
    receiver.spans.find(({ traceId, spanId }) => traceId === row.trace && spanId === row.span_id);

  it('ends as it would without them', () => {
    expect(ended).toMatchObject({ code: 0, stdout: 'imported\n', complaints: '' });
    expect(new Set(receiver.requests.map(({ contentType }) => contentType))).toEqual(
      new Set([protocol === 'http/json' ? 'application/json' : 'application/x-protobuf']),
    );
  });

  it('sends each signal to its end: no connection is closed half-way, no request comes after the last', () => {
    const metrics = receiver.requests.filter(({ path }) => path.endsWith('/v1/metrics'));
    expect({ aborted: receiver.aborted, metrics: metrics.length }).toEqual({ aborted: [], metrics: 1 });
  });

  it('has the same units: ids, parents, names, times and outcomes', () => {
    const units = receiver.spans.filter(({ attributes }) => attributes[attribute.unit] !== undefined);
    expect(units.map(unitOf).sort(byIds)).toEqual(progress.map(rowUnit).sort(byIds));
    expect(progress.filter(({ unit }) => unit === 'item')).toHaveLength(7);
  });

  it('has each event of the tables as an event of its span', () => {
    const events = receiver.spans.flatMap(({ traceId, spanId, events: list }) =>
      list.filter(isOurs).map((event) => eventOf(traceId, spanId, event)),
    );
    expect(events.sort(byIds)).toEqual(audits.map(rowEvent).sort(byIds));
    expect(audits.length).toBeGreaterThan(40);
  });

  it('has each event of the tables as a log record', () => {
    const logs = receiver.logs
      .filter(isOurs)
      .map((log) => eventOf(log.traceId, log.spanId, { ...log, name: log.eventName }));
    expect(logs.sort(byIds)).toEqual(audits.map(rowEvent).sort(byIds));
  });

  it('links the traces of a large session both ways', () => {
    const [session] = receiver.spans.filter(({ name }) => name === 'import.session');
    const elsewhere = receiver.spans.filter((one) => one.traceId !== session?.traceId && one.parentSpanId === '');
    expect(elsewhere.length).toBeGreaterThan(0);
    for (const root of elsewhere) {
      expect(root.links).toContainEqual({ traceId: session?.traceId, spanId: session?.spanId });
      expect(session?.links).toContainEqual({ traceId: root.traceId, spanId: root.spanId });
    }
  });

  it('names service and instance alike', () => {
    for (const row of progress) {
      expect(span(row)?.resource['service.instance.id']).toBe(row.instance_id);
      expect(span(row)?.resource['service.name']).toBe(row.service_name);
    }
  });

  it('sends metrics of the same run', () => {
    expect([...receiver.metricNames]).toEqual(
      expect.arrayContaining([
        'spanledger.sessions',
        'spanledger.items',
        'spanledger.records.appended',
        'spanledger.records.shipped',
        'spanledger.records.produced',
        'spanledger.records.waiting',
        'spanledger.records.refused',
        'spanledger.ship.failures',
        'spanledger.journal.bytes',
        'spanledger.journal.records',
        'spanledger.journal.age',
      ]),
    );
  });

  it('holds no secret anywhere', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query(`select (select json_agg(a) from spanledger.audit_log a)::text
      || (select json_agg(t) from spanledger.task_progress t)::text as everything`);
    await client.end();
    expect(rows[0].everything).toContain('login failed');
    for (const text of [
      rows[0].everything,
      ...receiver.bodies,
      inspect(receiver.spans, { depth: 9 }),
      inspect(receiver.logs, { depth: 9 }),
    ]) {
      expect(text).not.toContain('hunter2');
    }
  });
});

async function readTables(url: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const micros = (column: string) => `(extract(epoch from ${column}) * 1000000)::bigint::text`;
  const progress = await client.query<ProgressRow>(
    `select *, replace(trace_id::text, '-', '') as trace, ${micros('created_at')} as started, ${micros('ended_at')} as ended
     from spanledger.task_progress`,
  );
  const audits = await client.query<AuditRow>(
    `select *, replace(trace_id::text, '-', '') as trace, ${micros('created_at')} as at from spanledger.audit_log`,
  );
  await client.end();
  return { progress: progress.rows, audits: audits.rows };
}

/** What a unit is called, wherever it is told of. */
interface Unit {
  readonly key: string;
  readonly [field: string]: unknown;
}

function byIds(a: Unit, b: Unit): number {
  return a.key < b.key ? -1 : 1;
}

function unitOf(span: ReceivedSpan): Unit {
  const { attributes } = span;
  return {
    key: `${span.traceId}/${span.spanId}`,
    parent: span.parentSpanId === '' ? null : span.parentSpanId,
    unit: attributes[attribute.unit],
    task: attributes[attribute.taskName],
    step: attributes[attribute.stepName],
    session: attributes[attribute.sessionId] ?? null,
    item: attributes[attribute.itemId] ?? null,
    order: attributes[attribute.order] ?? 0,
    attempt: attributes[attribute.attempt] ?? 1,
    started: micros(span.startNanos),
    ended: micros(span.endNanos),
    status: span.statusCode === 2 ? 'FAILED' : 'SUCCESS',
  };
}

function rowUnit(row: ProgressRow): Unit {
  return {
    key: `${row.trace}/${row.span_id}`,
    parent: row.parent_span_id,
    unit: row.unit,
    task: row.task_name,
    step: row.step_name,
    session: row.session_id,
    item: row.item_id,
    order: row.execution_order ?? 0,
    attempt: row.attempt ?? 1,
    started: row.started,
    ended: row.ended,
    status: row.status,
  };
}

function isOurs({ attributes }: Pick<ReceivedEvent | ReceivedLog, 'attributes'>): boolean {
  return attributes[attribute.seq] !== undefined;
}

/** Attributes without a column, by their names inside `details`. */
const detailNames: Readonly<Record<string, string>> = {
  [attribute.auto]: 'auto',
  [attribute.forced]: 'forced',
  [attribute.actor]: 'actor',
  [attribute.errorCategory]: 'category',
  [attribute.outcome]: 'status',
  [attribute.partial]: 'partial',
  [attribute.lockedBy]: 'locked_by',
};

function detailsOf(attributes: Readonly<Record<string, unknown>>): unknown {
  const json = attributes[attribute.details];
  const named = Object.entries(detailNames)
    .filter(([name]) => attributes[name] !== undefined)
    .map(([name, key]) => [key, attributes[name]] as const);
  const details = { ...Object.fromEntries(named), ...(typeof json === 'string' ? JSON.parse(json) : {}) };
  return Object.keys(details).length === 0 ? null : details;
}

function eventOf(traceId: string, spanId: string, event: ReceivedEvent): Unit {
  const { attributes } = event;
  return {
    key: `${traceId}/${spanId}/${String(attributes[attribute.seq]).padStart(5, '0')}`,
    name: event.name,
    at: micros(event.nanos),
    level: attributes[attribute.level],
    category: attributes[attribute.category],
    message: attributes[attribute.message],
    from: attributes[attribute.fromState] ?? null,
    to: attributes[attribute.toState] ?? null,
    reason: attributes[attribute.reason] ?? null,
    errorMessage: attributes[attribute.exceptionMessage] ?? null,
    actions: attributes[attribute.actions] ?? null,
    details: detailsOf(attributes),
  };
}

function rowEvent(row: AuditRow): Unit {
  return {
    key: `${row.trace}/${row.span_id}/${String(row.seq).padStart(5, '0')}`,
    name: row.event,
    at: row.at,
    level: row.level,
    category: row.category,
    message: row.message,
    from: row.from_state,
    to: row.to_state,
    reason: row.reason,
    errorMessage: row.error_message,
    actions: row.recommended_actions,
    details: row.details,
  };
}

function micros(nanos: bigint): string {
  return String(nanos / 1000n);
}
