import { context, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AlwaysOnSampler } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createQuietSampler, quietly } from '../../src/recording/quiet-context.ts';

const sampler = createQuietSampler(new AlwaysOnSampler());
const traceId = '0af7651916cd43dd8448eb211c80319c';
const span = trace.wrapSpanContext({ traceId, spanId: 'b7ad6b7169203331', traceFlags: 1 });
const query = { 'db.system.name': 'postgresql' };

beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
afterAll(() => context.disable());

function isRecorded(kind: SpanKind, attributes: Record<string, string>, within = context.active()): boolean {
  return sampler.shouldSample(within, traceId, 'a span', kind, attributes, []).decision !== 0;
}

it('leaves out queries of what goes on by itself, whatever was active when it began', async () => {
  await context.with(trace.setSpan(ROOT_CONTEXT, span), () =>
    quietly(async () => {
      await Promise.resolve();
      expect(trace.getActiveSpan()).toBeUndefined();
      expect(isRecorded(SpanKind.CLIENT, query)).toBe(false);
      expect(isRecorded(SpanKind.CLIENT, { 'db.system': 'postgresql' })).toBe(false);
    }),
  );
});

it('keeps everything else in it: queries within a span, requests, spans of the program', () => {
  quietly(() => {
    expect(isRecorded(SpanKind.CLIENT, query, trace.setSpan(context.active(), span))).toBe(true);
    expect(isRecorded(SpanKind.CLIENT, { 'http.request.method': 'GET' })).toBe(true);
    expect(isRecorded(SpanKind.INTERNAL, query)).toBe(true);
  });
  expect(isRecorded(SpanKind.CLIENT, query)).toBe(true);
});
