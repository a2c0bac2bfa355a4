import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import type { Environment } from '../configuration/environment.ts';
import type { OtelEnvironment } from '../configuration/otel-environment.ts';
import type { Configuration } from '../configuration/settings.ts';
import type { RunningInstrumentation } from '../instrument/start-instrumentation.ts';
import type { RunningLoggers } from '../instrument/start-loggers.ts';
import type { FileJournal } from '../journal/open-journal.ts';
import { createLedgerLogProcessor } from '../recording/ledger-log-processor.ts';
import { createLiveSpanProcessor } from '../recording/live-span-processor.ts';
import { createQuietSampler } from '../recording/quiet-context.ts';
import { createRecordAlwaysSampler } from '../recording/record-always-sampler.ts';
import { createRecorder } from '../recording/recorder.ts';
import type { Carrier } from './courier-line.ts';
import { atEndOfTurn } from './end-of-turn.ts';
import type { ExportPlans } from './export-plan.ts';
import type { Identity } from './identity.ts';
import { correlationPropagator, instrument, recordLoggers } from './instrumenting.ts';
import { createPropagator } from './propagation.ts';
import { createSampler } from './sampler.ts';
import { startSdk } from './sdk.ts';
import { createSending, type Sending } from './sending.ts';

export interface RecordingParts {
  readonly configuration: Configuration;
  readonly otel: OtelEnvironment;
  /** Variables of this process or thread, of which some may carry the context that it was started in. */
  readonly environment: Environment;
  readonly identity: Identity;
  readonly plans: ExportPlans;
  readonly journal: FileJournal;
  readonly courier: Carrier | undefined;
  /** Told of spans besides what records them. */
  readonly watching?: SpanProcessor | undefined;
}

/** What records in this thread. */
export interface Recording {
  readonly sending: Sending;
  readonly isOurSdk: boolean;
  readonly instrumentation: RunningInstrumentation | undefined;
  readonly loggers: RunningLoggers | undefined;
  /** Ends the requests that are still open, and writes what waits for the end of this turn. */
  endRequests(): void;
}

/** Begins to record what this thread does: its spans and log records into the journal and on their way to OTLP. */
export function startRecording(parts: RecordingParts): Recording {
  const { configuration, otel, journal, watching } = parts;
  const { settings } = configuration;
  const recorder = createRecorder({ journal, settings: { requests: settings.requests }, endOfTurn: atEndOfTurn });
  const sending = createSending(parts.plans, otel, parts.courier);
  const correlation = correlationPropagator(settings);
  const isOurSdk = startSdk({
    identity: parts.identity,
    sampler: createQuietSampler(createRecordAlwaysSampler(createSampler(otel.sampler))),
    propagator: createPropagator(otel.propagators, correlation),
    correlation,
    environment: parts.environment,
    limits: otel,
    recording: {
      spans: [createLiveSpanProcessor(recorder), ...(watching === undefined ? [] : [watching])],
      log: createLedgerLogProcessor(recorder),
    },
    sending,
  });
  const instrumentation = instrument(configuration, otel, isOurSdk);
  const loggers = recordLoggers(settings, otel, () => journal.leaveOutLine());
  const endRequests = () => {
    instrumentation?.endOpenRequests();
    recorder.settle();
  };
  return { sending, isOurSdk, instrumentation, loggers, endRequests };
}
