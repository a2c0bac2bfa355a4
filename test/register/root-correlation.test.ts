import { context, SpanKind, type Tracer, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { correlationId, importSession, step, withCorrelationId, withItem } from '../../src/index.ts';
import { AdoptingTracerProvider } from '../../src/register/adopting-provider.ts';
import { attribute } from '../../src/telemetry/conventions.ts';

const exporter = new InMemorySpanExporter();
let tracer: Tracer;

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const provider = new AdoptingTracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  trace.setGlobalTracerProvider(provider);
  tracer = provider.getTracer('app');
});
beforeEach(() => exporter.reset());
afterAll(() => {
  trace.disable();
  context.disable();
});

const traceOf = (span: ReadableSpan) => span.spanContext().traceId;
const correlationOf = (span: ReadableSpan) => span.attributes[attribute.correlationId];
const spans = () => exporter.getFinishedSpans();

it('P7 work that begins by itself has the id of its trace for its correlation id', async () => {
  const seen: (string | undefined)[] = [];
  await importSession({ id: 'one', kind: 'photos' }, (session) =>
    session.item({ id: 'a' }, (item) => item.step('read', () => seen.push(correlationId()))),
  );
  await step('alone', () => step('inside', () => seen.push(correlationId())));
  await withItem({ sessionId: 'elsewhere', itemId: 'b', filePath: 'b' }, async () => seen.push(correlationId()));
  expect(spans().length).toBeGreaterThanOrEqual(6);
  for (const span of spans()) expect([span.name, correlationOf(span)]).toEqual([span.name, traceOf(span)]);
  const roots = spans().filter((span) => span.parentSpanContext === undefined);
  expect(seen).toEqual(roots.map(traceOf));
  expect(new Set(seen).size).toBe(3);
  for (const root of roots) expect(root.spanContext().traceFlags).toBe(3);
});

it('keeps a correlation id that is there, and the trace around it', async () => {
  await withCorrelationId('order-7', () => step('given', () => undefined));
  await tracer.startActiveSpan('outer', async (outer) => {
    await step('nested', () => undefined);
    outer.end();
  });
  const [given, nested, outer] = spans();
  expect(given && [correlationOf(given), traceOf(given) === 'order-7']).toEqual(['order-7', false]);
  expect(nested && outer && [correlationOf(nested), traceOf(nested)]).toEqual([
    traceOf(outer as ReadableSpan),
    traceOf(outer as ReadableSpan),
  ]);
});

it('leaves other traces that begin inside of it to themselves', async () => {
  await step('outer', () => {
    tracer.startSpan('link', { root: true }).end();
    tracer.startSpan('request', { kind: SpanKind.SERVER }, trace.deleteSpan(context.active())).end();
  });
  expect(new Set(spans().map(traceOf)).size).toBe(3);
});
