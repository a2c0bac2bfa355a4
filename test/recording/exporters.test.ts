import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as api from '@opentelemetry/api';
import { ExportResultCode } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, InMemoryLogRecordExporter, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listJournals } from '../../src/journal/journal-listing.ts';
import { readSegment } from '../../src/journal/segment-reader.ts';
import type { EventRecord, LedgerRecord } from '../../src/projection/record.ts';
import {
  createLedgerLogProcessor,
  createLiveSpanProcessor,
  createRecorder,
  PostgresLogRecordExporter,
  PostgresSpanExporter,
} from '../../src/recording/index.ts';
import { importSession } from '../../src/telemetry/import-session.ts';
import type { EventTransport } from '../../src/telemetry/session-options.ts';
import { logs } from '../harness/logs-api.ts';
import { owner } from '../projection/sources.ts';
import { CollectingJournal } from './collecting-journal.ts';

const resource = resourceFromAttributes({ 'service.name': 'hand-built' });

async function runSession(transitions: EventTransport): Promise<void> {
  await importSession({ id: 's1', transitions }, async (session) => {
    await session.item({ id: 'a' }, async (item) => {
      await item.step('analyze', () => 1);
    });
  });
}

async function recordsIn(directory: string): Promise<readonly { record: LedgerRecord; service: string }[]> {
  const records: { record: LedgerRecord; service: string }[] = [];
  for (const { segments } of await listJournals(directory)) {
    for (const { path } of segments) {
      const read = await readSegment(path, { isClosed: true });
      if (read.status === 'read')
        records.push(...read.entries.map(({ record, owner: by }) => ({ record, service: by.service })));
    }
  }
  return records;
}

const eventKeys = (records: readonly LedgerRecord[]): readonly string[] =>
  records
    .filter((record): record is EventRecord => record.type === 'event')
    .map(({ unit, event, seq }) => `${unit} ${seq} ${event}`)
    .sort();

describe('in a hand-built NodeSDK', () => {
  let directory: string;
  let sdk: NodeSDK;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'spanledger-exporters-'));
  });
  afterEach(async () => {
    await sdk.shutdown();
    await rm(directory, { recursive: true });
  });

  function start(options: ConstructorParameters<typeof NodeSDK>[0]): void {
    for (const global of [api.trace, api.context, api.propagation, api.metrics, logs]) global.disable();
    sdk = new NodeSDK({ resource, autoDetectResources: false, instrumentations: [], metricReaders: [], ...options });
    sdk.start();
  }

  it('the exporters write one journal in their directory, owned by the service of the resource', async () => {
    start({
      spanProcessors: [new BatchSpanProcessor({ exporter: new PostgresSpanExporter({ directory }) })],
      logRecordProcessors: [new BatchLogRecordProcessor({ exporter: new PostgresLogRecordExporter({ directory }) })],
    });
    logs.getLogger('app').emit({ body: 'a line, password=hunter2', severityNumber: 9 });
    await runSession('both');
    await sdk.shutdown();
    expect(await readdir(join(directory, 'journal'))).toHaveLength(1);
    const found = await recordsIn(directory);
    expect(new Set(found.map(({ service }) => service))).toEqual(new Set(['hand-built']));
    const records = found.map(({ record }) => record);
    expect(
      records.filter(({ type }) => type === 'end').map((record) => (record.type === 'end' ? record.unit : '')),
    ).toEqual(['step', 'item', 'session']);
    expect(records.find((record) => record.type === 'event' && record.event === 'log')).toMatchObject({
      message: 'a line, password=[redacted]',
      category: 'log',
    });
    const keys = eventKeys(records);
    expect(keys).toContain('session 1 import.session.start');
    expect(new Set(keys).size).toBe(keys.length);
  });

  it.each<EventTransport>(['span', 'log', 'both'])(
    'each event is recorded once, live or afterwards, when events travel by %s',
    async (transport) => {
      const spans = new CollectingJournal();
      start({
        spanProcessors: [new SimpleSpanProcessor({ exporter: new PostgresSpanExporter({ journal: spans }) })],
        logRecordProcessors: [
          new SimpleLogRecordProcessor({ exporter: new PostgresLogRecordExporter({ journal: spans }) }),
        ],
      });
      await runSession(transport);
      await sdk.shutdown();
      const live = new CollectingJournal();
      const recorder = createRecorder({ journal: live });
      start({
        spanProcessors: [
          createLiveSpanProcessor(recorder),
          new SimpleSpanProcessor({ exporter: new PostgresSpanExporter({ journal: live }) }),
        ],
        logRecordProcessors: [
          createLedgerLogProcessor(recorder),
          new SimpleLogRecordProcessor({ exporter: new PostgresLogRecordExporter({ journal: live }) }),
        ],
      });
      await runSession(transport);
      await sdk.shutdown();
      const keys = eventKeys(live.records);
      expect(new Set(keys).size).toBe(keys.length);
      expect(keys.length).toBeGreaterThan(8);
      expect(eventKeys(spans.records)).toEqual(keys);
    },
  );

  it('a log processor records a line at once, with its trace, and not twice beside an exporter', async () => {
    const journal = new CollectingJournal();
    const recorder = createRecorder({ journal, settings: { logLevel: 'info' } });
    start({
      spanProcessors: [new SimpleSpanProcessor({ exporter: new InMemorySpanExporter() })],
      logRecordProcessors: [
        createLedgerLogProcessor(recorder),
        new SimpleLogRecordProcessor({ exporter: new PostgresLogRecordExporter({ journal }) }),
        new SimpleLogRecordProcessor({ exporter: new InMemoryLogRecordExporter() }),
      ],
    });
    const logger = logs.getLogger('app');
    await api.trace.getTracer('t').startActiveSpan('work', async (span) => {
      logger.emit({ body: { text: 'hello' }, severityNumber: 17, attributes: { order: 7 } });
      logger.emit({ body: 'too fine', severityNumber: 5 });
      expect(journal.records).toHaveLength(1);
      expect(journal.records[0]).toMatchObject({
        traceId: span.spanContext().traceId,
        spanId: span.spanContext().spanId,
        level: 'error',
        message: '{"text":"hello"}',
        details: '{"order":7}',
      });
      span.end();
    });
    await sdk.shutdown();
    expect(journal.records).toHaveLength(1);
  });
});

describe('an exporter', () => {
  it('refuses work after its shutdown, which happens once', async () => {
    const journal = new CollectingJournal();
    const exporter = new PostgresSpanExporter({ journal });
    await Promise.all([exporter.shutdown(), exporter.shutdown()]);
    const code = await new Promise((resolve) => exporter.export([], (result) => resolve(result.code)));
    expect(code).toBe(ExportResultCode.FAILED);
    expect(journal.isClosed).toBe(false);
    expect(journal.owner).toBe(owner);
  });

  it('syncs the journal when it is flushed, log records too', async () => {
    const journal = new CollectingJournal();
    for (const exporter of [new PostgresSpanExporter({ journal }), new PostgresLogRecordExporter({ journal })]) {
      exporter.export([], () => {});
      await exporter.forceFlush();
      await exporter.shutdown();
    }
    expect(journal.syncs).toBe(4);
  });
});
