import * as api from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { LogRecordProcessor } from '@opentelemetry/sdk-logs';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import { resourceText, serviceOf } from '../projection/readable-span.ts';
import { attribute } from '../telemetry/conventions.ts';

/**
 * Joining an SDK that somebody else has registered. OpenTelemetry has no door for a processor that comes later, so this reaches for
 * private fields of the SDK, which are the same in its 2.x and 3.x lines, and does nothing where they are not what they were.
 */

/** Whether a tracer provider is registered in this process. */
export function isTracerProviderRegistered(): boolean {
  return isRegistered('trace');
}

/** Whether this part of OpenTelemetry has somebody who serves it; to register another is an error that the API logs, with a stack. */
export function isRegistered(part: 'trace' | 'context' | 'propagation'): boolean {
  const registry = globalThis as { [registryKey]?: Partial<Record<typeof part, unknown>> };
  return registry[registryKey]?.[part] !== undefined;
}

const registryKey = Symbol.for('opentelemetry.js.api.1');

/** What the registered tracer provider says of the service that it traces for. */
export interface RegisteredService {
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly revision: string | undefined;
}

/** The service that the registered tracer provider traces for, where it tells. */
export function registeredService(): RegisteredService | undefined {
  const resource = fieldOf(tracerProvider(), '_resource');
  if (!isResource(resource)) return undefined;
  return {
    name: serviceOf(resource),
    version: resourceText(resource, attribute.serviceVersion),
    revision: resourceText(resource, attribute.revision),
  };
}

/** Adds a span processor to the registered tracer provider; false where it does not let itself be joined. */
export function attachSpanProcessor(processor: SpanProcessor): boolean {
  return addTo(fieldOf(fieldOf(tracerProvider(), '_activeSpanProcessor'), '_spanProcessors'), processor);
}

/** Adds a log record processor to the registered logger provider; false where there is none or it cannot be joined. */
export function attachLogRecordProcessor(processor: LogRecordProcessor): boolean {
  const shared = fieldOf(loggerProvider(), '_sharedState');
  return addTo(fieldOf(fieldOf(shared, 'activeProcessor'), 'processors'), processor);
}

function tracerProvider(): unknown {
  const provider = api.trace.getTracerProvider();
  const getDelegate = fieldOf(provider, 'getDelegate');
  return typeof getDelegate === 'function' ? getDelegate.call(provider) : undefined;
}

function isResource(value: unknown): value is Resource {
  // Not by looking at them: the SDK reports a look at attributes that are still being found.
  return typeof value === 'object' && value !== null && 'attributes' in value;
}

/** The logs API is part of the API from 1.10 on; before, `@opentelemetry/api-logs` keeps its provider in a global of its own. */
function loggerProvider(): unknown {
  const logs = fieldOf(api, 'logs') as { getLoggerProvider(): unknown } | undefined;
  const provider = logs === undefined ? legacySlot[legacyKey]?.(1) : logs.getLoggerProvider();
  const delegate = fieldOf(provider, '_getDelegate');
  return typeof delegate === 'function' ? delegate.call(provider) : provider;
}

const legacyKey = Symbol.for('io.opentelemetry.js.api.logs');
const legacySlot = globalThis as { [legacyKey]?: (version: number) => unknown };

/**
 * From API 1.10 on, whatever still logs through the package `@opentelemetry/api-logs` is dropped in silence, since nothing sets that
 * package's provider any more. This leads it to the provider that there is.
 */
export function bridgeLegacyLogs(): void {
  const logs = fieldOf(api, 'logs') as { getLoggerProvider(): unknown } | undefined;
  if (logs === undefined) return;
  legacySlot[legacyKey] ??= (version) => (version === 1 ? logs.getLoggerProvider() : undefined);
}

function fieldOf(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null ? (holder as Record<string, unknown>)[name] : undefined;
}

function addTo(list: unknown, processor: unknown): boolean {
  if (!Array.isArray(list)) return false;
  list.push(processor);
  return true;
}
