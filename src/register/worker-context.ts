import * as api from '@opentelemetry/api';
import type { Environment } from '../configuration/environment.ts';
import type { OtelEnvironment } from '../configuration/otel-environment.ts';
import { loadSettings } from '../configuration/settings.ts';
import { contextOfEnvironment } from '../telemetry/carried-context.ts';
import { correlationPropagator } from './instrumenting.ts';
import { createPropagator } from './propagation.ts';
import { StartingContextManager } from './starting-context.ts';

/**
 * What a worker thread has of spanledger: contexts, and the one that it was started with. Records are made in the main thread alone.
 * A worker that starts an SDK of its own keeps that.
 */
export function startWorkerContext(environment: Environment, otel: OtelEnvironment): void {
  const manager = new StartingContextManager();
  if (!api.context.setGlobalContextManager(manager.enable())) return;
  const propagator = createPropagator(otel.propagators, correlationPropagator(loadSettings().settings));
  if (propagator !== undefined) api.propagation.setGlobalPropagator(propagator);
  manager.startWith(contextOfEnvironment(environment));
}
