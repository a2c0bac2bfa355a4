import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  type Attributes,
  type Context,
  context,
  DiagLogLevel,
  diag,
  ROOT_CONTEXT,
  SpanKind,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { RPCType, setRPCMetadata, suppressTracing } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  type Sampler,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listJournals } from '../../src/journal/journal-listing.ts';
import { readSegment } from '../../src/journal/segment-reader.ts';
import { createLiveSpanProcessor } from '../../src/recording/live-span-processor.ts';
import { PostgresSpanExporter } from '../../src/recording/postgres-span-exporter.ts';
import { createRecordAlwaysSampler } from '../../src/recording/record-always-sampler.ts';
import { createRecorder, type Recorder, type RecorderSettings } from '../../src/recording/recorder.ts';
import { giveRequestFacts } from '../../src/recording/request-facts.ts';
import { announce, announceTogether, isAnnouncementHeard } from '../../src/telemetry/announcer.ts';
import { attribute } from '../../src/telemetry/conventions.ts';
import { itemAttributes, owner } from '../projection/sources.ts';
import { CollectingJournal } from './collecting-journal.ts';

const resource = resourceFromAttributes({ 'service.name': owner.service });
const unitAttributes = itemAttributes as Attributes;

describe('the live span processor', () => {
  let journal: CollectingJournal;
  let recorder: Recorder;
  let provider: TracerProvider;

  beforeEach(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    journal = new CollectingJournal();
  });
  afterEach(async () => {
    await provider.shutdown();
    context.disable();
  });

  function begin(sampler: Sampler = new AlwaysOnSampler(), settings: RecorderSettings = {}) {
    recorder = createRecorder({ journal, settings });
    provider = new TracerProvider({ resource, sampler, spanProcessors: [createLiveSpanProcessor(recorder)] });
    return provider.getTracer('test');
  }
  const types = () => journal.records.map((record) => record.type);

  it('keeps a journal of its own in a directory, owned by the service of the resource', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'live-'));
    const live = createLiveSpanProcessor({ directory });
    provider = new TracerProvider({ resource, sampler: new AlwaysOnSampler(), spanProcessors: [live] });
    const span = provider.getTracer('test').startSpan('import.item', { attributes: unitAttributes });
    announce({ name: 'e', at: 1, attributes: {}, spanContext: span.spanContext(), unitAttributes });
    span.end();
    await provider.shutdown();
    const [journal, ...others] = await listJournals(directory);
    expect(others).toEqual([]);
    expect(journal?.owner?.service).toBe(owner.service);
    const [segment] = journal?.segments ?? [];
    const read = await readSegment(segment?.path ?? '');
    expect(read.status === 'read' && read.entries.map(({ record }) => record.type)).toEqual(['start', 'event', 'end']);
    rmSync(directory, { recursive: true });
  });

  describe('where rows of requests may wait for the end of the turn', () => {
    const served = { kind: SpanKind.SERVER, attributes: { 'http.request.method': 'GET', 'url.path': '/a' } };
    let ends: (() => void)[];

    function serve(isSeen = true) {
      const span = provider.getTracer('test').startSpan('GET', served);
      if (isSeen) giveRequestFacts(span, () => ({ status: 200 }));
      span.end();
    }
    beforeEach(() => {
      ends = [];
      recorder = createRecorder({ journal, endOfTurn: (work) => void ends.push(work) });
      provider = new TracerProvider({ resource, spanProcessors: [createLiveSpanProcessor(recorder)] });
    });

    it('appends those of one turn in one go, when it ends', () => {
      serve();
      serve();
      expect(types()).toEqual([]);
      for (const end of ends.splice(0)) end();
      expect([types(), journal.appends]).toEqual([['request', 'request'], 1]);
      serve();
      expect(ends).toHaveLength(1);
    });

    it('appends them at once in front of any other record, or when there may be no end', async () => {
      serve();
      provider.getTracer('test').startSpan('import.item', { attributes: unitAttributes }).end();
      expect(types()).toEqual(['request', 'start', 'end']);
      serve();
      await provider.forceFlush();
      expect(types()).toHaveLength(4);
      serve();
      recorder.settle();
      expect(types()).toHaveLength(5);
    });

    it('does not wait with spans that somebody else has ended, who may count on them', () => {
      serve(false);
      expect(types()).toEqual(['request']);
    });

    it('does not hold more than a turn has', () => {
      for (let count = 0; count < 1_000; count += 1) serve();
      expect(types().length).toBeGreaterThan(700);
    });
  });

  it('appends in one go what is announced together, also when pairs nest', () => {
    const tracer = begin();
    announceTogether(() => {
      const span = tracer.startSpan('import.item', { attributes: unitAttributes });
      announceTogether(() =>
        announce({ name: 'e', at: 1, attributes: {}, spanContext: span.spanContext(), unitAttributes }),
      );
      expect(types()).toEqual([]);
    });
    expect(types()).toEqual(['start', 'event']);
    expect(journal.appends).toBe(1);
  });

  it('records a unit at its start, an event when it happens, and the end', () => {
    const span = begin().startSpan('import.item', { attributes: unitAttributes });
    expect(types()).toEqual(['start']);
    announce({ name: 'e', at: 1, attributes: { [attribute.seq]: 1 }, spanContext: span.spanContext(), unitAttributes });
    expect(types()).toEqual(['start', 'event']);
    span.addEvent('e', { [attribute.seq]: 1 });
    span.addEvent('cache.miss');
    span.end();
    expect(types()).toEqual(['start', 'event', 'event', 'end']);
    expect(journal.records[2]).toMatchObject({ event: 'cache.miss' });
  });

  it('leaves spans alone that are neither units nor requests', () => {
    const span = begin().startSpan('dns.lookup');
    span.addEvent('found');
    span.end();
    expect(types()).toEqual([]);
  });

  it('records requests that the host serves, those it makes only if asked, none if told so', () => {
    const make = (settings: RecorderSettings): readonly string[] => {
      const tracer = begin(new AlwaysOnSampler(), settings);
      journal.records.length = 0;
      for (const kind of [SpanKind.SERVER, SpanKind.CLIENT]) {
        tracer.startSpan('GET', { kind, attributes: { 'http.request.method': 'GET', 'url.path': '/a' } }).end();
      }
      return journal.records.map((record) => (record.type === 'request' ? record.direction : record.type));
    };
    expect(make({})).toEqual(['inbound']);
    expect(make({ requests: 'all' })).toEqual(['inbound', 'outbound']);
    expect(make({ requests: 'none' })).toEqual([]);
  });

  it('takes no server span for a request that a framework makes within one', () => {
    const tracer = begin();
    const make = (parent: Context) => {
      const attributes = { 'http.request.method': 'GET', 'url.path': '/a', 'http.route': '/within' };
      tracer.startSpan('GET', { kind: SpanKind.SERVER, attributes }, parent).end();
    };
    const span = tracer.startSpan('GET');
    make(setRPCMetadata(trace.setSpan(ROOT_CONTEXT, span), { type: RPCType.HTTP, span }));
    expect(types()).toEqual([]);
    make(trace.setSpan(ROOT_CONTEXT, span));
    expect(types()).toEqual(['request']);
  });

  it('records spans that are not sampled, which are sent nowhere', () => {
    const never = new ParentBasedSampler({ root: new AlwaysOffSampler() });
    const tracer = begin(createRecordAlwaysSampler(never));
    const span = tracer.startSpan('import.item', { attributes: unitAttributes });
    expect(span.spanContext().traceFlags & TraceFlags.SAMPLED).toBe(0);
    span.end();
    expect(types()).toEqual(['start', 'end']);
  });

  it('records nothing while tracing is suppressed', () => {
    const tracer = begin();
    context.with(suppressTracing(ROOT_CONTEXT), () => {
      const span = tracer.startSpan('import.item', { attributes: unitAttributes }, context.active());
      announce({ name: 'e', at: 1, attributes: {}, spanContext: span.spanContext(), unitAttributes });
      span.end();
    });
    expect(types()).toEqual([]);
  });

  it('records the events of a span that began before it, since nobody heard them', async () => {
    const exporter = new InMemorySpanExporter();
    const early = new TracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor({ exporter })] });
    const span = early.getTracer('t').startSpan('import.item', { attributes: unitAttributes });
    span.addEvent('e', { [attribute.seq]: 1 });
    span.end();
    begin();
    const late = createLiveSpanProcessor(recorder);
    for (const finished of exporter.getFinishedSpans()) late.onEnd(finished);
    expect(types()).toEqual(['event', 'end']);
    await late.shutdown();
    await early.shutdown();
  });

  it('keeps an exporter beside it from recording the same spans', async () => {
    const tracer = begin();
    const other = new CollectingJournal();
    const exporter = new PostgresSpanExporter({ journal: other });
    await provider.shutdown();
    provider = new TracerProvider({
      resource,
      spanProcessors: [createLiveSpanProcessor(recorder), new SimpleSpanProcessor({ exporter })],
    });
    provider.getTracer('t').startSpan('import.item', { attributes: unitAttributes }).end();
    await provider.forceFlush();
    expect(types()).toEqual(['start', 'end']);
    expect(other.records).toEqual([]);
    expect(tracer).toBeDefined();
  });

  it('never lets a fault of the journal or of a value reach the host, and counts it', () => {
    const told: unknown[] = [];
    const tell = (...args: unknown[]): void => void told.push(args);
    diag.setLogger({ verbose: tell, debug: tell, info: tell, warn: tell, error: tell }, DiagLogLevel.ERROR);
    const tracer = begin();
    journal.fault = () => {
      throw new Error('disk on fire');
    };
    const span = tracer.startSpan('import.item', { attributes: unitAttributes });
    announce({ name: 'e', at: 1, attributes: {}, spanContext: span.spanContext(), unitAttributes });
    span.end();
    diag.disable();
    expect(journal.leftOut).toEqual(['progress', 'audit', 'audit']);
    expect(JSON.stringify(told)).toContain('could not be recorded');
  });

  it('syncs the journal on flush and shutdown, stops listening, and leaves the journal open', async () => {
    const tracer = begin();
    expect(isAnnouncementHeard()).toBe(true);
    await provider.forceFlush();
    expect(journal.syncs).toBe(1);
    await provider.shutdown();
    expect(journal.syncs).toBe(2);
    expect(journal.isClosed).toBe(false);
    expect(isAnnouncementHeard()).toBe(false);
    tracer.startSpan('import.item', { attributes: unitAttributes }).end();
    expect(types()).toEqual([]);
  });

  it('leaves a later processor listening when it is shut down', async () => {
    begin();
    const first = createLiveSpanProcessor(recorder);
    const second = createLiveSpanProcessor(recorder);
    await first.shutdown();
    expect(isAnnouncementHeard()).toBe(true);
    await second.shutdown();
    expect(isAnnouncementHeard()).toBe(false);
  });

  it('holds no span that has ended', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const tracer = begin();
    const ends: WeakRef<object>[] = [];
    for (let index = 0; index < 100; index += 1) {
      const span = tracer.startSpan('import.item', { attributes: { ...unitAttributes } });
      ends.push(new WeakRef(span));
      span.end();
    }
    journal.records.length = 0;
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    expect(ends.filter((end) => end.deref() !== undefined).length).toBeLessThan(5);
  });
});
