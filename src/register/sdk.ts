import { diag } from '@opentelemetry/api';
import type { LogRecordProcessor } from '@opentelemetry/sdk-logs';
import { NodeSDK } from '@opentelemetry/sdk-node';
import type { Sampler, SpanProcessor } from '@opentelemetry/sdk-trace';
import {
  attachLogRecordProcessor,
  attachSpanProcessor,
  bridgeLegacyLogs,
  isTracerProviderRegistered,
} from './attachment.ts';
import type { Identity } from './identity.ts';
import type { Sending } from './sending.ts';

/** What goes into the SDK. Whatever is not named here, the SDK reads from the environment itself. */
export interface SdkParts {
  readonly identity: Identity;
  readonly sampler: Sampler;
  /** Processors that record; they also join an SDK that is there already. */
  readonly recording: { readonly span: SpanProcessor; readonly log: LogRecordProcessor };
  /** What sends; left out where the SDK is somebody else's. */
  readonly sending: Pick<Sending, 'span' | 'log' | 'metricReaders'>;
}

/** Starts the OpenTelemetry SDK with our processors in it, or joins the one that is registered. */
export function startSdk(parts: SdkParts): void {
  if (isTracerProviderRegistered()) join(parts);
  else start(parts);
}

function start({ identity, sampler, recording, sending }: SdkParts): void {
  const { span, log, metricReaders } = sending;
  const sdk = new NodeSDK({
    resource: identity.resource,
    resourceDetectors: identity.detectors,
    sampler,
    spanProcessors: [recording.span, ...span],
    logRecordProcessors: [recording.log, ...log],
    ...(metricReaders === undefined ? {} : { metricReaders }),
  });
  sdk.start();
  bridgeLegacyLogs();
}

function join({ recording }: SdkParts): void {
  if (!attachSpanProcessor(recording.span)) {
    diag.error(
      'An OpenTelemetry SDK is registered that spanledger cannot join: only transitions are recorded, no starts and ends. ' +
        'Load spanledger/register instead of it, or give that SDK the processors of spanledger/exporters.',
    );
  }
  if (!attachLogRecordProcessor(recording.log)) {
    diag.warn('No logger provider is registered that spanledger can join: log lines are not recorded.');
  }
  bridgeLegacyLogs();
}
