// @ts-check
// The same work in each variant: an item, three awaited steps, five transitions. OpenTelemetry writes what spanledger writes, span by
// span and event by event with the same attributes: one item is done with spanledger first, and its spans are the pattern.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { importSession } from '../dist/index.js';
import { openJournal } from '../dist/journal/open-journal.js';
import { createLiveSpanProcessor, createRecorder } from '../dist/recording/index.js';

/** @typedef {(count: number, name: string, afterEach: () => Promise<void> | undefined) => Promise<unknown>} Run */

/** Stands for the work of a step. @param {number} index */
async function work(index) {
  await undefined;
  return index * 2;
}

/** @type {Run} */
async function bare(count, _, afterEach) {
  for (let index = 0; index < count; index += 1) {
    for (let step = 0; step < 3; step += 1) await work(index);
    await afterEach();
  }
  return undefined;
}

/** @type {Run} */
function spanledger(count, name, afterEach) {
  return importSession({ id: `bench-${name}`, kind: 'bench' }, async (session) => {
    for (let index = 0; index < count; index += 1) {
      await session.item({ id: `item-${index}` }, ledgerItem(index));
      await afterEach();
    }
  });
}

/** @param {number} index @returns {(item: import('../dist/index.js').Item) => Promise<void>} */
const ledgerItem = (index) => async (item) => {
  await item.step('analyze', () => work(index));
  item.to('checking', 'next step');
  item.to('moving', 'next step');
  await item.step('move', () => work(index));
  item.to('updating', 'next step');
  await item.step('update', () => work(index));
};

/** @param {import('@opentelemetry/sdk-trace').SpanProcessor[]} spanProcessors */
function registerSdk(spanProcessors) {
  trace.disable();
  context.disable();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  // As `register` has it: the journal belongs to the service of the SDK.
  const resource = resourceFromAttributes({ 'service.name': 'bench' });
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors, resource }));
}

/** With the journal: every transition and step start is on disk before the call returns. */
function journalProcessor() {
  const directory = mkdtempSync(join(tmpdir(), 'spanledger-bench-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  const startedAt = Date.now() * 1_000;
  const owner = { instanceId: 'bench', service: 'bench', host: 'bench', pid: process.pid, startedAt };
  return createLiveSpanProcessor(createRecorder({ journal: openJournal({ directory, owner }) }));
}

/** Ends spans as in production, and throws them away where an exporter would send them. */
function discardingProcessor() {
  /** @type {import('@opentelemetry/sdk-trace').SpanExporter} */
  const exporter = {
    export: (_, done) => done({ code: 0 }),
    shutdown: async () => undefined,
    forceFlush: async () => undefined,
  };
  return new BatchSpanProcessor({ exporter });
}

/** @param {string} collector */
function otlpProcessor(collector) {
  return new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${collector}/v1/traces` }) });
}

/**
 * What one item is made of, in order: events of its span and steps.
 * @typedef {{ name: string, attributes: import('@opentelemetry/api').Attributes }} Named
 * @typedef {Named & { parts: (Named & { isStep: boolean })[] }} Pattern
 */

/** @returns {Promise<Pattern>} */
async function itemPattern() {
  const exporter = new InMemorySpanExporter();
  registerSdk([new SimpleSpanProcessor({ exporter })]);
  await spanledger(1, 'pattern', () => undefined);
  const spans = exporter.getFinishedSpans();
  const item = spans.find(({ name }) => name === 'import.item');
  if (item === undefined) throw new Error('spanledger made no span for the item.');
  const steps = spans.filter(({ parentSpanContext }) => parentSpanContext?.spanId === item.spanContext().spanId);
  const events = item.events.map(({ name, time, attributes = {} }) => ({ name, time, attributes, isStep: false }));
  const begun = steps.map(({ name, startTime, attributes }) => ({ name, time: startTime, attributes, isStep: true }));
  const parts = [...events, ...begun].sort((one, other) => one.time[0] - other.time[0] || one.time[1] - other.time[1]);
  return { name: item.name, attributes: item.attributes, parts };
}

/** @param {import('@opentelemetry/sdk-trace').SpanProcessor} processor @returns {Promise<Run>} */
async function otel(processor) {
  const pattern = await itemPattern();
  registerSdk([processor]);
  const tracer = trace.getTracer('bench');
  return (count, _, afterEach) =>
    tracer.startActiveSpan('import.session', async (session) => {
      for (let index = 0; index < count; index += 1) {
        await otelItem(tracer, pattern, index);
        await afterEach();
      }
      session.end();
    });
}

/** @param {import('@opentelemetry/api').Tracer} tracer @param {Pattern} pattern @param {number} index */
function otelItem(tracer, pattern, index) {
  const id = `item-${index}`;
  const attributes = { ...pattern.attributes, 'spanledger.item.id': id };
  return tracer.startActiveSpan(pattern.name, { attributes }, async (span) => {
    try {
      for (const part of pattern.parts) {
        if (part.isStep) await otelStep(tracer, part, id, index);
        else span.addEvent(part.name, { ...part.attributes });
      }
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** @param {import('@opentelemetry/api').Tracer} tracer @param {Named} step @param {string} id @param {number} index */
function otelStep(tracer, step, id, index) {
  const attributes = { ...step.attributes, 'spanledger.item.id': id };
  return tracer.startActiveSpan(step.name, { attributes }, async (span) => {
    try {
      return await work(index);
    } finally {
      span.end();
    }
  });
}

/**
 * By name: a title, and what prepares a function of how many items to run.
 * @type {Record<string, { title: string, prepare: (collector: string) => Promise<Run> }>}
 */
export const variants = {
  bare: { title: 'the functions alone', prepare: async () => bare },
  otlp: {
    title: 'OpenTelemetry, batches over OTLP/HTTP protobuf',
    prepare: (collector) => otel(otlpProcessor(collector)),
  },
  noop: { title: 'OpenTelemetry, batches thrown away', prepare: () => otel(discardingProcessor()) },
  journal: {
    title: 'spanledger with its journal',
    async prepare() {
      registerSdk([journalProcessor()]);
      return spanledger;
    },
  },
  both: {
    title: 'spanledger with its journal, and OTLP/HTTP protobuf',
    async prepare(collector) {
      registerSdk([journalProcessor(), otlpProcessor(collector)]);
      return spanledger;
    },
  },
  'no-sdk': { title: 'spanledger without an SDK', prepare: async () => spanledger },
};
