import { createRequire } from 'node:module';
import * as api from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { LoggerProvider, type LogRecordProcessor } from '@opentelemetry/sdk-logs';
import type { Sampler, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { Environment } from '../configuration/environment.ts';
import type { OtelEnvironment } from '../configuration/otel-environment.ts';
import { contextOfEnvironment } from '../telemetry/carried-context.ts';
import { AdoptingTracerProvider } from './adopting-provider.ts';
import {
  attachLogRecordProcessor,
  attachSpanProcessor,
  bridgeLegacyLogs,
  isRegistered,
  isTracerProviderRegistered,
} from './attachment.ts';
import type { Identity } from './identity.ts';
import { metricsSdk } from './late-packages.ts';
import { giveWayToLaterSdk } from './later-sdk.ts';
import type { Sending } from './sending.ts';
import { limitsWithin, logsWithin, spansWithin } from './sent-limits.ts';
import { StartingContextManager } from './starting-context.ts';

/** What goes into the SDK. */
export interface SdkParts {
  /** The variables of the process, of which some may carry the context that it was started in. */
  readonly environment: Environment;
  readonly identity: Pick<Identity, 'resource'>;
  readonly sampler: Sampler;
  /** How context travels between processes; `undefined` where it does not. */
  readonly propagator: api.TextMapPropagator | undefined;
  /** The part of it that also serves an SDK that the program starts later. */
  readonly correlation: api.TextMapPropagator | undefined;
  readonly limits: Pick<OtelEnvironment, 'spanLimits' | 'logRecordLimits'>;
  /** Processors that record; they also join an SDK that is there already. */
  readonly recording: { readonly spans: readonly SpanProcessor[]; readonly log: LogRecordProcessor };
  /** What sends; left out where the SDK is somebody else's. */
  readonly sending: Pick<Sending, 'span' | 'log' | 'metricReaders'>;
}

/** Starts the OpenTelemetry SDK with our processors in it, or joins the one that is registered. True where it is ours. */
export function startSdk(parts: SdkParts): boolean {
  const isOurs = !isTracerProviderRegistered();
  if (isOurs) {
    start(parts);
    giveWay(parts);
  } else join(parts);
  return isOurs;
}

/**
 * The providers one by one instead of `NodeSDK`: that one brings gRPC, Zipkin, Prometheus and a YAML parser into every program, half of
 * its start, and sets a logger of its own where OTEL_LOG_LEVEL is given.
 */
function start({ environment, identity, sampler, propagator, limits, recording, sending }: SdkParts): void {
  const { resource } = identity;
  const contexts = new StartingContextManager();
  // An SDK that traces nothing, as with OTEL_TRACES_EXPORTER=none, has them registered all the same; its own are as good.
  if (!isRegistered('context')) api.context.setGlobalContextManager(contexts.enable());
  if (propagator !== undefined && !isRegistered('propagation')) api.propagation.setGlobalPropagator(propagator);
  contexts.startWith(contextOfEnvironment(environment));
  startMetrics(resource, sending);
  const sent = sending.span.map((processor) => spansWithin(processor, limits.spanLimits));
  const spanProcessors = [...recording.spans, ...sent];
  const spanLimits = limitsWithin(limits.spanLimits);
  api.trace.setGlobalTracerProvider(new AdoptingTracerProvider({ resource, sampler, spanLimits, spanProcessors }));
  const processors = [recording.log, ...sending.log.map((processor) => logsWithin(processor, limits.logRecordLimits))];
  const logRecordLimits = limitsWithin(limits.logRecordLimits);
  logsApi().setGlobalLoggerProvider(new LoggerProvider({ resource, logRecordLimits, processors }));
  bridgeLegacyLogs();
}

/** Without a reader, instruments that nobody reads would cost all the same. */
function startMetrics(resource: Resource, { metricReaders: readers }: SdkParts['sending']): void {
  if (readers.length === 0) return;
  const { MeterProvider } = metricsSdk();
  api.metrics.setGlobalMeterProvider(new MeterProvider({ resource, readers: [...readers] }));
}

function giveWay({ recording, correlation: propagator }: SdkParts): void {
  giveWayToLaterSdk({ spans: recording.spans, log: recording.log, propagator, logs: logsApi() });
}

interface LogsApi {
  setGlobalLoggerProvider(provider: LoggerProvider): unknown;
  disable(): void;
}

/** Part of the API from 1.10 on; before, a package of its own, of which there has to be the copy that the SDK uses. */
function logsApi(): LogsApi {
  if ('logs' in api) return api.logs as LogsApi;
  const fromSdk = createRequire(createRequire(import.meta.url).resolve('@opentelemetry/sdk-logs'));
  return (fromSdk('@opentelemetry/api-logs') as { readonly logs: LogsApi }).logs;
}

function join({ recording }: SdkParts): void {
  if (!recording.spans.every(attachSpanProcessor)) {
    api.diag.error(
      'An OpenTelemetry SDK is registered that spanledger cannot join: only transitions are recorded, no starts and ends. ' +
        'Load spanledger/register instead of it, or give that SDK the processors of spanledger/exporters.',
    );
  }
  if (!attachLogRecordProcessor(recording.log)) {
    api.diag.warn('No logger provider is registered that spanledger can join: log lines are not recorded.');
  }
  bridgeLegacyLogs();
}
