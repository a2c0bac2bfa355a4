import * as api from '@opentelemetry/api';
import { type Attributes, SpanStatusCode } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLiveSpanProcessor } from '../../src/recording/live-span-processor.ts';
import { createRecorder } from '../../src/recording/recorder.ts';
import { createSanitizer } from '../../src/storable/sanitizer.ts';
import { announce } from '../../src/telemetry/announcer.ts';
import { toHrTime } from '../../src/telemetry/clock.ts';
import { attribute, event } from '../../src/telemetry/conventions.ts';
import { importSession } from '../../src/telemetry/import-session.ts';
import { owner } from '../projection/sources.ts';
import { CollectingJournal } from './collecting-journal.ts';

const resource = resourceFromAttributes({ 'service.name': owner.service });

/** The rows that the finished spans alone make. */
function rowsOfFinished(spans: readonly ReadableSpan[]): readonly unknown[] {
  const journal = new CollectingJournal();
  createRecorder({ journal }).recordEnds(spans);
  return journal.rows();
}

const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom('password=hunter2', 'Bearer abcdef123456', '/data/a b.jpg', 'é😀', '\0'),
);
const count = fc.nat(1_000);
const state = fc.constantFrom(
  'pending',
  'analyzing',
  'checking',
  'imported',
  'failed',
  'ready',
  'importing',
  'nowhere',
);
const sanitizer = createSanitizer();

const eventAttributes = fc.record(
  {
    [attribute.level]: fc.constantFrom('debug', 'info', 'warning', 'error', 'WARN', 'odd'),
    [attribute.category]: fc.constantFrom('error', 'validation', 'state_transition'),
    [attribute.message]: text,
    [attribute.reason]: text,
    [attribute.fromState]: state,
    [attribute.toState]: state,
    [attribute.details]: fc.oneof(
      fc.jsonValue({ maxDepth: 2 }).map((value) => sanitizer.json(value)),
      text,
    ),
    [attribute.actions]: fc.array(text, { maxLength: 3 }),
    [attribute.errorType]: text,
    [attribute.exceptionMessage]: text,
    [attribute.exceptionStack]: text,
    [attribute.done]: count,
    [attribute.total]: count,
    [attribute.countTotal]: count,
    [attribute.countImported]: count,
    [attribute.durationMillis]: fc.double({ noNaN: true, noDefaultInfinity: true, min: 0, max: 1e6 }),
    [attribute.filePath]: text,
    [attribute.auto]: fc.boolean(),
    'my.list': fc.array(count, { maxLength: 3 }),
  },
  { requiredKeys: [] },
);
const eventName = fc.constantFrom<string>(...Object.values(event), 'my.event');
const ledgerEvent = fc.record({
  kind: fc.constant('ledger' as const),
  name: eventName,
  attributes: eventAttributes,
  ahead: fc.nat(50),
});
const foreignEvent = fc.record({
  kind: fc.constant('foreign' as const),
  name: fc.constantFrom('cache.miss', 'import.item.end'),
  attributes: eventAttributes,
});
const exception = fc.record({ kind: fc.constant('exception' as const), message: text });

const unitAttributes = fc.record(
  {
    [attribute.unit]: fc.constantFrom('session', 'item', 'step', 'batch', 'chunk', 'task'),
    [attribute.sessionId]: text,
    [attribute.itemId]: text,
    [attribute.taskName]: text,
    [attribute.stepName]: text,
    [attribute.order]: count,
    [attribute.attempt]: count,
    [attribute.correlationId]: text,
    [attribute.userId]: text,
    [attribute.sessionKind]: text,
    [attribute.accountId]: text,
    [attribute.total]: count,
    [attribute.input]: fc.jsonValue({ maxDepth: 2 }).map((value) => sanitizer.json(value)),
  },
  { requiredKeys: [attribute.unit] },
);
const endAttributes = fc.record({ [attribute.output]: text, [attribute.done]: count }, { requiredKeys: [] });

const story = fc.record({
  name: text,
  unit: unitAttributes,
  events: fc.array(fc.oneof({ weight: 4, arbitrary: ledgerEvent }, foreignEvent, exception), { maxLength: 12 }),
  end: endAttributes,
  failure: fc.option(text, { nil: undefined }),
  duration: fc.nat(10_000),
});

describe('rows made live', () => {
  it('are those of the finished span alone, for any unit with any events', async () => {
    const journal = new CollectingJournal();
    const live = createLiveSpanProcessor(createRecorder({ journal }));
    const exporter = new InMemorySpanExporter();
    const provider = new TracerProvider({ resource, spanProcessors: [live, new SimpleSpanProcessor({ exporter })] });
    const tracer = provider.getTracer('test');
    await fc.assert(
      fc.asyncProperty(story, async ({ name, unit, events, end, failure, duration }) => {
        journal.records.length = 0;
        exporter.reset();
        const startAt = 1_700_000_000_000_000;
        const span = tracer.startSpan(name, {
          attributes: unit as Attributes,
          startTime: toHrTime(startAt),
          root: true,
        });
        let version = startAt;
        for (const [index, one] of events.entries()) {
          const at = startAt + index;
          if (one.kind === 'exception') {
            span.recordException({ name: 'E', message: one.message, stack: 'at x' }, toHrTime(at));
          } else if (one.kind === 'foreign') {
            span.addEvent(one.name, one.attributes as Attributes, toHrTime(at));
          } else {
            version = Math.max(version + 1, at) + one.ahead;
            const numbers = { [attribute.seq]: index + 1, [attribute.version]: version };
            const attributes = { ...one.attributes, ...numbers } as Attributes;
            span.addEvent(one.name, attributes, toHrTime(at));
            const spanContext = span.spanContext();
            announce({ name: one.name, at, attributes, spanContext, unitAttributes: unit as Attributes });
          }
        }
        span.setAttributes(end as Attributes);
        if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
        span.end(toHrTime(startAt + duration));
        await provider.forceFlush();
        expect(journal.records[0]?.type).toBe('start');
        expect(journal.rows()).toEqual(rowsOfFinished(exporter.getFinishedSpans()));
      }),
      { numRuns: 400 },
    );
    await provider.shutdown();
  });
});

describe('rows of a session that runs', () => {
  const journal = new CollectingJournal();
  const exporter = new InMemorySpanExporter();
  let provider: TracerProvider;

  beforeEach(() => {
    api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const live = createLiveSpanProcessor(createRecorder({ journal }));
    provider = new TracerProvider({ resource, spanProcessors: [live, new SimpleSpanProcessor({ exporter })] });
    api.trace.setGlobalTracerProvider(provider);
  });
  afterEach(async () => {
    await provider.shutdown();
    api.trace.disable();
    api.context.disable();
  });

  it('are those of its finished spans, and they were there before it ended', async () => {
    let inFlight: readonly unknown[] = [];
    await importSession({ id: 's1', kind: 'local', accountId: '456', total: 3 }, async (session) => {
      await session.item({ id: 'good' }, async (item) => {
        await item.step('analyze', () => 1, { input: { path: '/a', password: 'hunter2' } });
        item.to('checking');
        item.to('moving');
        item.fileSaved({ path: '/out/a', size: 3 });
        inFlight = journal.rows();
      });
      await session.item({ id: 'twin' }, (item) => item.skip('duplicate')).catch(() => {});
      await session.item({ id: 'bad' }, () => Promise.reject(new Error('no access, token=hunter2'))).catch(() => {});
    });
    await provider.forceFlush();
    expect(JSON.stringify(inFlight)).toContain('"START"');
    expect(JSON.stringify(inFlight)).toContain('"moving"');
    expect(JSON.stringify(journal.records)).not.toContain('hunter2');
    expect(journal.rows()).toEqual(rowsOfFinished(exporter.getFinishedSpans()));
  });
});
