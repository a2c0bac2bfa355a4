import { type TextMapPropagator, trace } from '@opentelemetry/api';
import type { OtelEnvironment } from '../configuration/otel-environment.ts';
import type { Settings } from '../configuration/setting-table.ts';
import { type RunningInstrumentation, startInstrumentation } from '../instrument/start-instrumentation.ts';
import { createCorrelationPropagator } from '../telemetry/correlation-propagator.ts';
import { onSdkReplaced } from './later-sdk.ts';

/** Begins to instrument what the program loads; `undefined` where the settings say no. */
export function instrument(settings: Settings, otel: OtelEnvironment): RunningInstrumentation | undefined {
  if (!settings.instrument) return undefined;
  const running = startInstrumentation({
    choice: otel.instrumentations,
    correlationHeader: headerOf(settings),
    main: process.argv[1],
    directory: process.cwd(),
  });
  onSdkReplaced(() => running.follow(trace.getTracerProvider()));
  return running;
}

/** Carries the correlation id from process to process; `undefined` where no header does. */
export function correlationPropagator(settings: Settings): TextMapPropagator | undefined {
  const header = headerOf(settings);
  return header === undefined ? undefined : createCorrelationPropagator(header);
}

function headerOf({ correlationHeader }: Settings): string | undefined {
  return correlationHeader.toLowerCase() === 'none' ? undefined : correlationHeader;
}
