import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type RecordClass, recordClasses } from '../../src/projection/record.ts';
import { metricTable } from '../../src/telemetry/conventions.ts';
import type { Counts } from './accounting.ts';

/** What the metrics of one process say of its ledger, by their last values. */
export interface ToldByMetrics {
  readonly produced: Counts;
  readonly appended: Counts;
  readonly dropped: Counts;
  readonly waiting: Counts;
  readonly shipped: number;
  readonly refused: number;
  readonly shipFailures: number;
  /** Records in the journal that are not shipped. */
  readonly backlog: number;
  readonly schemaFaults: number;
}

/** Takes the metrics that apps send over OTLP, in JSON, and remembers the last value of each journal counter. */
export interface MetricsReceiver {
  /** Environment of an app that is to send here. */
  readonly env: Readonly<Record<string, string>>;
  appended(): Counts;
  dropped(): Counts;
  /** Ids of the processes that have sent something. */
  instances(): readonly string[];
  of(instanceId: string): ToldByMetrics;
  /** Drops by class and reason, such as `request disk-full`. */
  reasons(): Readonly<Record<string, number>>;
  /** When a drop of each class was heard of first, in milliseconds; endless where none was. */
  firstDrops(): Readonly<Record<RecordClass, number>>;
  close(): void;
}

interface Point {
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
  readonly asInt?: string | number;
  readonly asDouble?: number;
}

export async function startMetricsReceiver(): Promise<MetricsReceiver> {
  const values = new Map<string, number>();
  const first: Partial<Record<RecordClass, number>> = {};
  const server = createServer((request, response) => {
    read(request)
      .then((text) => {
        for (const [key, value] of pointsIn(text)) values.set(key, value);
        for (const name of recordClasses)
          if (byClass(metricTable.recordsDropped[0])[name] > 0) first[name] ??= Date.now();
        response.setHeader('content-type', 'application/json').end('{}');
      })
      // An app that is killed leaves half a request.
      .catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const byClass = (metric: string): Counts =>
    Object.fromEntries(recordClasses.map((name) => [name, sum(values, `${metric} ${name}`)])) as Counts;
  return {
    env: {
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `http://127.0.0.1:${port}/v1/metrics`,
      OTEL_METRIC_EXPORT_INTERVAL: '500',
      OTEL_METRIC_EXPORT_TIMEOUT: '400',
    },
    instances: () => [...new Set([...values.keys()].map((key) => key.split(' ').at(-1) ?? ''))],
    of: (instance) => toldBy(values, instance),
    appended: () => byClass(metricTable.recordsAppended[0]),
    dropped: () => byClass(metricTable.recordsDropped[0]),
    firstDrops: () => ({ request: Infinity, progress: Infinity, audit: Infinity, ...first }),
    reasons() {
      const prefix = `${metricTable.recordsDropped[0]} `;
      const totals: Record<string, number> = {};
      for (const [key, value] of values) {
        const [kind, reason] = key.startsWith(prefix) ? key.slice(prefix.length).split(' ') : [];
        if (kind !== undefined && value > 0) totals[`${kind} ${reason}`] = (totals[`${kind} ${reason}`] ?? 0) + value;
      }
      return totals;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** `spanledger.records.dropped request disk-full <instance>`, and how many: each process counts from 0. */
function* pointsIn(text: string): Generator<readonly [string, number]> {
  const { resourceMetrics } = JSON.parse(text);
  for (const { resource, scopeMetrics } of resourceMetrics) {
    const instance = (resource.attributes as Point['attributes']).find(({ key }) => key === 'service.instance.id');
    for (const { name, sum: counter, gauge } of scopeMetrics.flatMap(
      ({ metrics }: { metrics: unknown[] }) => metrics,
    )) {
      for (const point of ((counter ?? gauge)?.dataPoints ?? []) as readonly Point[]) {
        const labels = point.attributes.map(({ value }) => value.stringValue ?? '');
        yield [[name, ...labels, instance?.value.stringValue].join(' '), Number(point.asInt ?? point.asDouble ?? 0)];
      }
    }
  }
}

function toldBy(values: ReadonlyMap<string, number>, instance: string): ToldByMetrics {
  const one = (metric: keyof typeof metricTable, label = ''): number => {
    const prefix = `${metricTable[metric][0]} ${label}`;
    const own = [...values].filter(([key]) => key.startsWith(prefix) && key.endsWith(` ${instance}`));
    return own.reduce((total, [, value]) => total + value, 0);
  };
  const counts = (metric: keyof typeof metricTable): Counts =>
    Object.fromEntries(recordClasses.map((name) => [name, one(metric, `${name} `)])) as Counts;
  return {
    produced: counts('recordsProduced'),
    appended: counts('recordsAppended'),
    dropped: counts('recordsDropped'),
    waiting: counts('recordsWaiting'),
    shipped: one('recordsShipped'),
    refused: one('recordsRefused'),
    shipFailures: one('shipFailures'),
    backlog: one('journalRecords'),
    schemaFaults: one('schemaFaults'),
  };
}

function sum(values: ReadonlyMap<string, number>, prefix: string): number {
  let total = 0;
  for (const [key, value] of values) if (key === prefix || key.startsWith(`${prefix} `)) total += value;
  return total;
}
