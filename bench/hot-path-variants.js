// The same work in each variant: an item, three awaited steps, five transitions. OpenTelemetry by hand writes the spans and
// events that spanledger writes, with the attributes that an application would choose.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

const steps = ['analyze', 'move', 'update'];
const states = ['pending', 'analyzing', 'checking', 'moving', 'updating', 'imported'];

/** Stands for the work of a step. */
async function work(index) {
  await undefined;
  return index * 2;
}

async function bareItem(index) {
  for (const _ of steps) await work(index);
}

async function bare(count) {
  for (let index = 0; index < count; index += 1) await bareItem(index);
}

/** Ends spans as in production, and throws them away where an exporter would send them. */
function discardingProcessor() {
  const exporter = {
    export: (_, done) => done({ code: 0 }),
    shutdown: async () => undefined,
    forceFlush: async () => undefined,
  };
  return new BatchSpanProcessor({ exporter, maxQueueSize: 100_000 });
}

function registerSdk(spanProcessors, sampler) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors, ...(sampler && { sampler }) }));
}

async function otel(count) {
  const tracer = trace.getTracer('bench');
  await tracer.startActiveSpan('import.session', async (session) => {
    for (let index = 0; index < count; index += 1) await otelItem(tracer, index);
    session.end();
  });
}

function otelItem(tracer, index) {
  const attributes = { 'session.id': 'bench', 'item.id': `item-${index}`, 'task.name': 'bench' };
  return tracer.startActiveSpan('import.item', { attributes }, async (span) => {
    try {
      span.addEvent('import.item.claim', { worker: 'bench' });
      for (const [position, step] of steps.entries()) {
        move(span, position);
        await otelStep(tracer, step, index);
      }
      move(span, 3);
      move(span, 4);
      span.addEvent('import.item.end', { outcome: 'imported' });
    } catch (error) {
      span.recordException(error);
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

function move(span, position) {
  span.addEvent('import.item.transition', {
    from: states[position],
    to: states[position + 1],
    reason: 'next step',
    message: `item: ${states[position]} -> ${states[position + 1]}`,
  });
}

function otelStep(tracer, name, index) {
  const attributes = { 'session.id': 'bench', 'item.id': `item-${index}`, 'task.name': 'bench', 'step.name': name };
  return tracer.startActiveSpan(`task.step ${name}`, { attributes }, async (span) => {
    try {
      return await work(index);
    } finally {
      span.end();
    }
  });
}

async function spanledger() {
  const { importSession } = await import('../dist/index.js');
  return (count, name) =>
    importSession({ id: `bench-${name}`, kind: 'bench' }, async (session) => {
      for (let index = 0; index < count; index += 1) await session.item({ id: `item-${index}` }, ledgerItem(index));
    });
}

const ledgerItem = (index) => async (item) => {
  await item.step('analyze', () => work(index));
  item.to('checking', 'next step');
  item.to('moving', 'next step');
  await item.step('move', () => work(index));
  item.to('updating', 'next step');
  await item.step('update', () => work(index));
};

/** With the journal: every transition and step start is on disk before the call returns. */
async function journalled() {
  const { createLiveSpanProcessor, createRecorder } = await import('../dist/recording/index.js');
  const { openJournal } = await import('../dist/journal/open-journal.js');
  const directory = mkdtempSync(join(tmpdir(), 'spanledger-bench-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  const owner = {
    instanceId: 'bench',
    service: 'bench',
    host: 'bench',
    pid: process.pid,
    startedAt: Date.now() * 1_000,
  };
  const journal = openJournal({ directory, owner });
  registerSdk([createLiveSpanProcessor(createRecorder({ journal })), discardingProcessor()]);
  return spanledger();
}

/** By name: a title, and what prepares a function of how many items to run. */
export const variants = {
  bare: { title: 'bare function', prepare: async () => bare },
  'no-sdk': { title: 'spanledger, no SDK', prepare: spanledger },
  otel: {
    title: 'OpenTelemetry by hand',
    async prepare() {
      registerSdk([discardingProcessor()]);
      return otel;
    },
  },
  spanledger: {
    title: 'spanledger on OpenTelemetry',
    async prepare() {
      registerSdk([discardingProcessor()]);
      return spanledger();
    },
  },
  journal: { title: 'spanledger with its journal', prepare: journalled },
};
