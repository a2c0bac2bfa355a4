import { createRequire } from 'node:module';
import { diag } from '@opentelemetry/api';
import type { LogRecordExporter } from '@opentelemetry/sdk-logs';
import type { SpanExporter } from '@opentelemetry/sdk-trace';

/**
 * Exporters that come with the SDK and that we do not depend on ourselves, found from the SDK's own place and loaded only when
 * the environment names them. They send from the main thread.
 */
const packages = {
  'traces grpc': ['@opentelemetry/exporter-trace-otlp-grpc', 'OTLPTraceExporter'],
  'traces zipkin': ['@opentelemetry/exporter-zipkin', 'ZipkinExporter'],
  'logs grpc': ['@opentelemetry/exporter-logs-otlp-grpc', 'OTLPLogExporter'],
} as const;

/** The span exporter of that name, or `undefined`, with a warning, if the SDK brings none. */
export function loadSpanExporter(name: 'grpc' | 'zipkin'): SpanExporter | undefined {
  return load(`traces ${name}`) as SpanExporter | undefined;
}

/** The log record exporter of that name, or `undefined`, with a warning, if the SDK brings none. */
export function loadLogRecordExporter(name: 'grpc'): LogRecordExporter | undefined {
  return load(`logs ${name}`) as LogRecordExporter | undefined;
}

function load(key: keyof typeof packages): unknown {
  const [packageName, exportName] = packages[key];
  try {
    const fromSdk = createRequire(createRequire(import.meta.url).resolve('@opentelemetry/sdk-node'));
    const module = fromSdk(packageName) as Record<string, new () => unknown>;
    const Exporter = module[exportName];
    return Exporter === undefined ? undefined : new Exporter();
  } catch (error) {
    diag.warn(`The exporter ${packageName} cannot be loaded; its signal is not sent.`, error);
    return undefined;
  }
}
