import { context, SpanKind } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLiveSpanProcessor } from '../../src/recording/live-span-processor.ts';
import { createRecorder, type RecorderSettings } from '../../src/recording/recorder.ts';
import { owner } from '../projection/sources.ts';
import { CollectingJournal } from './collecting-journal.ts';

const resource = resourceFromAttributes({ 'service.name': owner.service });

describe('a request that the host serves', () => {
  let journal: CollectingJournal;
  let provider: TracerProvider;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    journal = new CollectingJournal();
  });
  afterEach(async () => {
    await provider.shutdown();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
    context.disable();
  });

  function serve(settings: RecorderSettings = {}, kind: SpanKind = SpanKind.SERVER) {
    const live = createLiveSpanProcessor(createRecorder({ journal, settings }));
    provider = new TracerProvider({ resource, sampler: new AlwaysOnSampler(), spanProcessors: [live] });
    const attributes = { 'http.request.method': 'GET', 'url.path': '/report', 'url.query': 'token=x' };
    return provider.getTracer('test').startSpan('GET', { kind, attributes });
  }
  const types = () => journal.records.map((record) => record.type);

  it('is a unit of work while it is open, once it takes its time', () => {
    const span = serve();
    vi.advanceTimersByTime(1_999);
    expect(types()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(journal.records).toMatchObject([
      { type: 'start', unit: 'request', stepName: 'GET /report', spanId: span.spanContext().spanId },
    ]);
    vi.advanceTimersByTime(60_000);
    span.setAttributes({ 'http.route': '/report', 'http.response.status_code': 200 });
    span.end();
    expect(types().toSorted()).toEqual(['end', 'request', 'start']);
    const end = journal.records.find(({ type }) => type === 'end');
    expect(end).toMatchObject({ unit: 'request', status: 'SUCCESS', startAt: journal.records[0]?.at });
  });

  it('leaves one row, as ever, when it is answered soon', () => {
    const span = serve();
    vi.advanceTimersByTime(1_500);
    span.end();
    vi.advanceTimersByTime(5_000);
    expect(types()).toEqual(['request']);
  });

  it('is told of neither way where requests are not recorded, and no call of the host’s own is', () => {
    serve({ requests: 'none' });
    vi.advanceTimersByTime(5_000);
    serve({ requests: 'all' }, SpanKind.CLIENT);
    vi.advanceTimersByTime(5_000);
    expect(types()).toEqual([]);
  });
});
