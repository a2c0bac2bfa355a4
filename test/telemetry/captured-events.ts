import { type Attributes, context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  type SpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { afterEach } from 'vitest';
import { type AnnouncedEvent, setAnnouncementListener } from '../../src/telemetry/announcer.ts';
import type { Clock } from '../../src/telemetry/clock.ts';
import { attribute } from '../../src/telemetry/conventions.ts';
import { logs } from '../harness/logs-api.ts';

/** What was announced since `listen()`. */
export interface Captured {
  readonly all: readonly AnnouncedEvent[];
  /** Events of this name. */
  named(name: string): readonly AnnouncedEvent[];
  /** `from -> to` of every transition of the item, or of the session where no item is given. */
  moves(itemId?: string): readonly string[];
  /** Names of the events of the item, in order. */
  namesOf(itemId: string): readonly string[];
}

/** Captures every announcement until the test is over. */
export function listen(): Captured {
  const all: AnnouncedEvent[] = [];
  setAnnouncementListener({ onEvent: (announced) => all.push(announced) });
  const of = (announced: AnnouncedEvent, itemId: string | undefined) =>
    announced.unitAttributes[attribute.itemId] === itemId;
  return {
    all,
    named: (name) => all.filter((announced) => announced.name === name),
    moves: (itemId) =>
      all
        .filter((announced) => announced.attributes[attribute.toState] !== undefined && of(announced, itemId))
        .filter((announced) => announced.attributes[attribute.fromState] !== undefined)
        .map(({ attributes }) => `${attributes[attribute.fromState]} -> ${attributes[attribute.toState]}`),
    namesOf: (itemId) => all.filter((announced) => of(announced, itemId)).map(({ name }) => name),
  };
}

/** Details of an event, parsed. */
export function detailsOf(announced: { readonly attributes: Attributes } | undefined): Record<string, unknown> {
  return JSON.parse(String(announced?.attributes[attribute.details])) as Record<string, unknown>;
}

/** A registered SDK and what it exported. */
export interface RealSdk {
  spans(): readonly ReadableSpan[];
  /** Spans of this name. */
  named(name: string): readonly ReadableSpan[];
  readonly logs: InMemoryLogRecordExporter;
  metrics(): Promise<ReadonlyMap<string, readonly { readonly attributes: Attributes; readonly value: unknown }[]>>;
}

/** Registers a real OpenTelemetry SDK until the test is over. */
export function useSdk(options: { sampler?: Sampler; processors?: readonly SpanProcessor[] } = {}): RealSdk {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    ...(options.sampler !== undefined && { sampler: options.sampler }),
    spanProcessors: [...(options.processors ?? []), new SimpleSpanProcessor({ exporter })],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  const logExporter = new InMemoryLogRecordExporter();
  logs.setGlobalLoggerProvider(
    new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter: logExporter })] }),
  );
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  return {
    spans: () => exporter.getFinishedSpans(),
    named: (name) => exporter.getFinishedSpans().filter((span) => span.name === name),
    logs: logExporter,
    async metrics() {
      await reader.forceFlush();
      const last =
        metricExporter
          .getMetrics()
          .at(-1)
          ?.scopeMetrics.flatMap(({ metrics: found }) => found) ?? [];
      return new Map(last.map((metric) => [metric.descriptor.name, metric.dataPoints]));
    },
  };
}

afterEach(() => {
  setAnnouncementListener(undefined);
  trace.disable();
  context.disable();
  metrics.disable();
  logs.disable();
});

/** A clock that a test moves. */
export class HandClock implements Clock {
  micros: number;
  /** Added by every reading. */
  step: number;

  constructor(micros = 1_700_000_000_000_000, step = 0) {
    this.micros = micros;
    this.step = step;
  }

  now(): number {
    const now = this.micros;
    this.micros += this.step;
    return now;
  }
}

/** Rejects with what `work` threw; fails where it threw nothing. */
export async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
