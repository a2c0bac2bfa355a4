import { diag } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { LogRecordExporter } from '@opentelemetry/sdk-logs';
import type { AggregationTemporality, InstrumentType, PushMetricExporter } from '@opentelemetry/sdk-metrics';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import type { BatchExporter } from './batch.ts';
import type { Carrier } from './courier-line.ts';
import { otlpTransformer } from './late-packages.ts';
import type { OtlpHttpProtocol, OtlpSignal } from './otlp-protocol.ts';

/** An exporter of spans that are encoded already, whose OTLP requests are sent by the courier thread. */
export function createCourierRequestExporter(courier: Pick<Carrier, 'send'>): BatchExporter<Uint8Array | undefined> {
  return new CourierExporter(courier, 'traces', (body) => body);
}

/** A span exporter whose OTLP requests are encoded here, as JSON, and sent by the courier thread. */
export function createCourierSpanExporter(courier: Pick<Carrier, 'send'>): SpanExporter {
  return new CourierExporter(courier, 'traces', (spans) =>
    otlpTransformer().JsonTraceSerializer.serializeRequest(spans),
  );
}

/** A log record exporter whose OTLP requests are encoded here and sent by the courier thread. */
export function createCourierLogRecordExporter(
  courier: Pick<Carrier, 'send'>,
  protocol: OtlpHttpProtocol,
): LogRecordExporter {
  return new CourierExporter(courier, 'logs', (records) => {
    const { JsonLogsSerializer, ProtobufLogsSerializer } = otlpTransformer();
    return (protocol === 'http/json' ? JsonLogsSerializer : ProtobufLogsSerializer).serializeRequest(records);
  });
}

/** A metric exporter whose OTLP requests are encoded here and sent by the courier thread. */
export function createCourierMetricExporter(
  courier: Pick<Carrier, 'send'>,
  protocol: OtlpHttpProtocol,
  selectAggregationTemporality: (instrument: InstrumentType) => AggregationTemporality,
): PushMetricExporter {
  const { JsonMetricsSerializer, ProtobufMetricsSerializer } = otlpTransformer();
  const serializer = protocol === 'http/json' ? JsonMetricsSerializer : ProtobufMetricsSerializer;
  const exporter = new CourierExporter(courier, 'metrics', serializer.serializeRequest);
  return Object.assign(exporter, { selectAggregationTemporality });
}

/**
 * Success means handed over: the SDK's batch processors arm a timer for each export that keeps the process alive until the
 * exporter answers, ten seconds and more while a collector is down. What the collector refuses in the end is told as a warning.
 */
class CourierExporter<T> {
  readonly #courier: Pick<Carrier, 'send'>;
  readonly #signal: OtlpSignal;
  readonly #encode: (items: T) => Uint8Array | undefined;
  readonly #underWay = new Set<Promise<void>>();
  #closed = false;

  constructor(courier: Pick<Carrier, 'send'>, signal: OtlpSignal, encode: (items: T) => Uint8Array | undefined) {
    this.#courier = courier;
    this.#signal = signal;
    this.#encode = encode;
  }

  /** Has handed the request over when it returns, so that what is flushed at the very end still leaves the process. */
  export(items: T, callback: (result: ExportResult) => void): void {
    try {
      if (this.#closed) throw new Error('The exporter is shut down.');
      const body = this.#encode(items);
      if (body === undefined) throw new Error('The batch could not be encoded.');
      this.#follow(this.#courier.send(this.#signal, body));
      callback({ code: ExportResultCode.SUCCESS });
    } catch (error) {
      callback({ code: ExportResultCode.FAILED, error: error instanceof Error ? error : new Error(String(error)) });
    }
  }

  async forceFlush(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async shutdown(): Promise<void> {
    this.#closed = true;
    await this.forceFlush();
  }

  #follow(delivery: Promise<void>): void {
    const settled = delivery.catch((error: unknown) => {
      diag.warn(`A batch of ${this.#signal} was not taken by the OTLP endpoint.`, error);
    });
    this.#underWay.add(settled);
    settled.finally(() => this.#underWay.delete(settled));
  }
}
