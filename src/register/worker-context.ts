import * as api from '@opentelemetry/api';
import type { Environment } from '../configuration/environment.ts';
import type { OtelEnvironment } from '../configuration/otel-environment.ts';
import { createConfiguredSanitizer, redactionOf } from '../configuration/redaction.ts';
import { loadSettings } from '../configuration/settings.ts';
import { startWorkerLoggers } from '../instrument/start-loggers.ts';
import { setSanitizer } from '../storable/sanitizer.ts';
import { contextOfEnvironment } from '../telemetry/carried-context.ts';
import { correlationPropagator } from './instrumenting.ts';
import { createPropagator } from './propagation.ts';
import { StartingContextManager } from './starting-context.ts';

/**
 * What a worker thread has of spanledger: contexts, the one that it was started with, and loggers whose lines go to the main thread, where
 * alone records are made.
 * A worker that starts an SDK of its own keeps that.
 */
export function startWorkerContext(environment: Environment, otel: OtelEnvironment): void {
  const { settings } = loadSettings();
  setSanitizer(createConfiguredSanitizer(redactionOf(settings)));
  if (settings.instrument) startWorkerLoggers({ choice: otel.instrumentations, perSecond: settings.logRate });
  const manager = new StartingContextManager();
  if (!api.context.setGlobalContextManager(manager.enable())) return;
  const propagator = createPropagator(otel.propagators, correlationPropagator(settings));
  if (propagator !== undefined) api.propagation.setGlobalPropagator(propagator);
  manager.startWith(contextOfEnvironment(environment));
}
