import { type TextMapPropagator, trace } from '@opentelemetry/api';
import { environmentValue, processEnvironment, startReportVariable } from '../configuration/environment.ts';
import type { OtelEnvironment } from '../configuration/otel-environment.ts';
import type { Settings } from '../configuration/setting-table.ts';
import type { Configuration } from '../configuration/settings.ts';
import { createClientAddress } from '../instrument/client-address.ts';
import type { ExchangeOptions } from '../instrument/http-exchange.ts';
import { createSecretRoutes } from '../instrument/secret-routes.ts';
import {
  type RunningInstrumentation,
  startInstrumentation,
  startUnitsOnly,
} from '../instrument/start-instrumentation.ts';
import { type RunningLoggers, startLoggers } from '../instrument/start-loggers.ts';
import { createCorrelationPropagator } from '../telemetry/correlation-propagator.ts';
import { onSdkReplaced } from './later-sdk.ts';

/** Begins to instrument what the program loads; `undefined` where the settings say no. */
export function instrument(
  { settings, functions }: Pick<Configuration, 'settings' | 'functions'>,
  otel: OtelEnvironment,
  isOurSdk: boolean,
): RunningInstrumentation | undefined {
  if (!settings.instrument) return undefined;
  // Somebody else's SDK has its own instrumentations: with ours beside them every request would be there twice.
  const units = {
    functions,
    jobs: { choice: otel.instrumentations, kept: settings.jobData, contextIn: settings.jobContext },
    main: process.argv[1],
    directory: process.cwd(),
  };
  if (!isOurSdk) return startUnitsOnly(units);
  const running = startInstrumentation({
    ...units,
    choice: otel.instrumentations,
    correlationHeader: headerOf(settings),
    requests: requestsOf(settings),
    isExamined: environmentValue(processEnvironment(), startReportVariable) !== undefined,
  });
  onSdkReplaced(() => running.follow(trace.getTracerProvider()));
  return running;
}

function requestsOf(settings: Settings): ExchangeOptions | undefined {
  if (settings.requests === 'none') return undefined;
  return {
    headers: settings.requestHeaders.map((name) => name.toLowerCase()),
    bodies: settings.requestBodies,
    bodyMaxBytes: settings.requestBodyMaxBytes,
    secretRoutes: createSecretRoutes(settings.requestBodiesExcept),
    clientAddress: createClientAddress(settings.trustedProxies),
    userIdFrom: settings.userIdFrom,
  };
}

/** Begins to record what the loggers of the program write; `undefined` where the settings say no. It joins the SDK of the program too. */
export function recordLoggers(
  settings: Settings,
  otel: OtelEnvironment,
  onLeftOut: () => void,
): RunningLoggers | undefined {
  if (!settings.instrument) return undefined;
  return startLoggers({ choice: otel.instrumentations, perSecond: settings.logRate, onLeftOut });
}

/** Carries the correlation id from process to process; `undefined` where no header does. */
export function correlationPropagator(settings: Settings): TextMapPropagator | undefined {
  const header = headerOf(settings);
  return header === undefined ? undefined : createCorrelationPropagator(header);
}

function headerOf({ correlationHeader }: Settings): string | undefined {
  return correlationHeader.toLowerCase() === 'none' ? undefined : correlationHeader;
}
