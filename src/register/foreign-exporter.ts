import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { diag } from '@opentelemetry/api';
import type { LogRecordExporter } from '@opentelemetry/sdk-logs';
import type { IMetricReader, PushMetricExporter } from '@opentelemetry/sdk-metrics';
import type { SpanExporter } from '@opentelemetry/sdk-trace';

/**
 * Exporters that spanledger does not bring: found where the program has them installed, and loaded only when the environment names
 * them. They send from the main thread.
 */
const packages = {
  'traces grpc': ['@opentelemetry/exporter-trace-otlp-grpc', 'OTLPTraceExporter'],
  'traces zipkin': ['@opentelemetry/exporter-zipkin', 'ZipkinExporter'],
  'logs grpc': ['@opentelemetry/exporter-logs-otlp-grpc', 'OTLPLogExporter'],
  'metrics grpc': ['@opentelemetry/exporter-metrics-otlp-grpc', 'OTLPMetricExporter'],
  'metrics prometheus': ['@opentelemetry/exporter-prometheus', 'PrometheusExporter'],
} as const;

/** The span exporter of that name, or `undefined`, with a word on what to install. */
export function loadSpanExporter(name: 'grpc' | 'zipkin'): SpanExporter | undefined {
  return load(`traces ${name}`) as SpanExporter | undefined;
}

/** The log record exporter of that name, or `undefined`, with a word on what to install. */
export function loadLogRecordExporter(name: 'grpc'): LogRecordExporter | undefined {
  return load(`logs ${name}`) as LogRecordExporter | undefined;
}

/** The metric exporter of that name, or `undefined`, with a word on what to install. */
export function loadMetricExporter(name: 'grpc'): PushMetricExporter | undefined {
  return load(`metrics ${name}`) as PushMetricExporter | undefined;
}

/** The reader from which Prometheus scrapes, or `undefined`, with a word on what to install. */
export function loadPrometheusReader(): IMetricReader | undefined {
  return load('metrics prometheus') as IMetricReader | undefined;
}

function load(key: keyof typeof packages): unknown {
  const [packageName, exportName] = packages[key];
  const [signal] = key.split(' ');
  try {
    const module = requireOfProgram(packageName) as Record<string, new () => unknown>;
    const Exporter = module[exportName];
    if (Exporter === undefined) throw new Error(`It exports no ${exportName}.`);
    return new Exporter();
  } catch (error) {
    diag.error(
      `The ${signal} are to be sent through ${packageName}, which cannot be loaded: npm install ${packageName}, or name another exporter. They are not sent.`,
      error,
    );
    return undefined;
  }
}

/** From where the program looks for its packages, and else from here. */
function requireOfProgram(packageName: string): unknown {
  const places = [process.argv[1], join(process.cwd(), 'index.js'), fileURLToPath(import.meta.url)];
  for (const place of places) {
    if (place === undefined) continue;
    const require = createRequire(place);
    try {
      return require(require.resolve(packageName));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  throw new Error('It is not installed.');
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND';
}
