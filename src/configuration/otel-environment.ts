import { type Environment, environmentValue } from './environment.ts';

/** Signals that OpenTelemetry exports apart from each other. */
export type Signal = 'traces' | 'logs' | 'metrics';

/** Limits of a batch processor; undefined leaves the default of the SDK. */
export interface BatchLimits {
  readonly maxQueueSize?: number;
  readonly scheduledDelayMillis?: number;
  readonly exportTimeoutMillis?: number;
  readonly maxExportBatchSize?: number;
}

/** Limits of spans; undefined leaves the default of the SDK. */
export interface SpanLimits {
  readonly attributeCountLimit?: number;
  readonly attributeValueLengthLimit?: number;
  readonly eventCountLimit?: number;
  readonly linkCountLimit?: number;
  readonly attributePerEventCountLimit?: number;
  readonly attributePerLinkCountLimit?: number;
}

/** Limits of log records; undefined leaves the default of the SDK. */
export interface LogRecordLimits {
  readonly attributeCountLimit?: number;
  readonly attributeValueLengthLimit?: number;
}

/** Which instrumentations are asked for, by the end of their package name: `http`, `pg`. */
export interface InstrumentationChoice {
  /** Only these; undefined means all. */
  readonly enabled: readonly string[] | undefined;
  readonly disabled: readonly string[];
  /** Methods of HTTP that are told by their name, in place of those of the conventions. */
  readonly knownMethods?: readonly string[] | undefined;
}

/**
 * What the standard `OTEL_*` variables ask for. The variables of the OTLP exporters are read by these.
 * Their meaning is that of the specification, with one difference: where neither an exporter nor an endpoint is named,
 * nothing is sent, since the default endpoint on localhost is a guess that fails on most machines.
 */
export interface OtelEnvironment {
  readonly disabled: boolean;
  readonly serviceName: string | undefined;
  /** Names of exporters, for each signal; empty means none. */
  readonly exporters: Readonly<Record<Signal, readonly string[]>>;
  readonly protocol: Readonly<Record<Signal, string>>;
  /** Where OTLP goes, for each signal, as far as the environment tells. */
  readonly endpoints: Readonly<Record<Signal, string | undefined>>;
  readonly sampler: { readonly name: string; readonly argument: string | undefined };
  readonly metrics: {
    readonly temporality: string;
    readonly intervalMillis: number | undefined;
    readonly timeoutMillis: number | undefined;
  };
  readonly batch: Readonly<Record<'traces' | 'logs', BatchLimits>>;
  readonly logLevel: string | undefined;
  /** Names of resource detectors; undefined means the default ones. */
  readonly resourceDetectors: readonly string[] | undefined;
  /** A declarative configuration file, which spanledger does not read. */
  readonly configFile: string | undefined;
  /** Names of propagators in the order in which they are asked; empty means none. */
  readonly propagators: readonly string[];
  readonly spanLimits: SpanLimits;
  readonly logRecordLimits: LogRecordLimits;
  readonly instrumentations: InstrumentationChoice;
}

/** Reads the standard variables. */
export function readOtelEnvironment(environment: Environment): OtelEnvironment {
  const read = (name: string) => environmentValue(environment, name);
  return {
    disabled: read('OTEL_SDK_DISABLED')?.toLowerCase() === 'true',
    serviceName: read('OTEL_SERVICE_NAME'),
    exporters: {
      traces: exportersOf(environment, 'TRACES'),
      logs: exportersOf(environment, 'LOGS'),
      metrics: exportersOf(environment, 'METRICS'),
    },
    protocol: {
      traces: protocolOf(environment, 'TRACES'),
      logs: protocolOf(environment, 'LOGS'),
      metrics: protocolOf(environment, 'METRICS'),
    },
    endpoints: {
      traces: endpointOf(environment, 'TRACES'),
      logs: endpointOf(environment, 'LOGS'),
      metrics: endpointOf(environment, 'METRICS'),
    },
    metrics: {
      temporality: read('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE')?.toLowerCase() ?? 'cumulative',
      intervalMillis: positive(read('OTEL_METRIC_EXPORT_INTERVAL')),
      timeoutMillis: positive(read('OTEL_METRIC_EXPORT_TIMEOUT')),
    },
    sampler: {
      name: read('OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on',
      argument: read('OTEL_TRACES_SAMPLER_ARG'),
    },
    batch: { traces: batchOf(environment, 'BSP'), logs: batchOf(environment, 'BLRP') },
    logLevel: read('OTEL_LOG_LEVEL')?.toLowerCase(),
    resourceDetectors: listOf(read('OTEL_NODE_RESOURCE_DETECTORS')),
    configFile: read('OTEL_CONFIG_FILE'),
    propagators: propagatorsOf(read('OTEL_PROPAGATORS')),
    spanLimits: limitsOf(environment, spanLimitNames),
    logRecordLimits: limitsOf(environment, logRecordLimitNames),
    instrumentations: {
      enabled: listOf(read('OTEL_NODE_ENABLED_INSTRUMENTATIONS')),
      disabled: listOf(read('OTEL_NODE_DISABLED_INSTRUMENTATIONS')) ?? [],
      knownMethods: namesOf(read('OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS')),
    },
  };
}

/** The general limit of attributes holds where the one of the signal is not given. */
const spanLimitNames = {
  attributeCountLimit: ['SPAN_ATTRIBUTE_COUNT_LIMIT', 'ATTRIBUTE_COUNT_LIMIT'],
  attributeValueLengthLimit: ['SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'ATTRIBUTE_VALUE_LENGTH_LIMIT'],
  eventCountLimit: ['SPAN_EVENT_COUNT_LIMIT'],
  linkCountLimit: ['SPAN_LINK_COUNT_LIMIT'],
  attributePerEventCountLimit: ['EVENT_ATTRIBUTE_COUNT_LIMIT', 'SPAN_ATTRIBUTE_PER_EVENT_COUNT_LIMIT'],
  attributePerLinkCountLimit: ['LINK_ATTRIBUTE_COUNT_LIMIT', 'SPAN_ATTRIBUTE_PER_LINK_COUNT_LIMIT'],
} as const satisfies Record<keyof SpanLimits, readonly string[]>;

const logRecordLimitNames = {
  attributeCountLimit: ['LOGRECORD_ATTRIBUTE_COUNT_LIMIT', 'ATTRIBUTE_COUNT_LIMIT'],
  attributeValueLengthLimit: ['LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'ATTRIBUTE_VALUE_LENGTH_LIMIT'],
} as const satisfies Record<keyof LogRecordLimits, readonly string[]>;

function limitsOf<K extends string>(
  environment: Environment,
  names: Readonly<Record<K, readonly string[]>>,
): Partial<Record<K, number>> {
  const limits: Partial<Record<K, number>> = {};
  for (const key of Object.keys(names) as K[]) {
    const values = names[key].map((name) => positive(environmentValue(environment, `OTEL_${name}`)));
    const value = values.find((one) => one !== undefined);
    if (value !== undefined) limits[key] = value;
  }
  return limits;
}

const defaultPropagators = ['tracecontext', 'baggage'] as const;

function propagatorsOf(value: string | undefined): readonly string[] {
  const names = listOf(value) ?? defaultPropagators;
  return names.includes('none') ? [] : [...new Set(names)];
}

function exportersOf(environment: Environment, signal: string): readonly string[] {
  const named = listOf(environmentValue(environment, `OTEL_${signal}_EXPORTER`));
  if (named !== undefined) return named.includes('none') ? [] : [...new Set(named)];
  return endpointOf(environment, signal) === undefined ? [] : ['otlp'];
}

function endpointOf(environment: Environment, signal: string): string | undefined {
  return (
    environmentValue(environment, `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`) ??
    environmentValue(environment, 'OTEL_EXPORTER_OTLP_ENDPOINT')
  );
}

function protocolOf(environment: Environment, signal: string): string {
  return (
    environmentValue(environment, `OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`) ??
    environmentValue(environment, 'OTEL_EXPORTER_OTLP_PROTOCOL') ??
    'http/protobuf'
  );
}

function batchOf(environment: Environment, prefix: string): BatchLimits {
  const entries = {
    maxQueueSize: 'MAX_QUEUE_SIZE',
    scheduledDelayMillis: 'SCHEDULE_DELAY',
    exportTimeoutMillis: 'EXPORT_TIMEOUT',
    maxExportBatchSize: 'MAX_EXPORT_BATCH_SIZE',
  };
  return Object.fromEntries(
    Object.entries(entries).flatMap(([key, name]) => {
      const value = positive(environmentValue(environment, `OTEL_${prefix}_${name}`));
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

function positive(value: string | undefined): number | undefined {
  const number = Number(value ?? Number.NaN);
  return Number.isInteger(number) && number > 0 ? number : undefined;
}

function listOf(value: string | undefined): readonly string[] | undefined {
  return namesOf(value?.toLowerCase());
}

function namesOf(value: string | undefined): readonly string[] | undefined {
  const names = value
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return names?.length === 0 ? undefined : names;
}
