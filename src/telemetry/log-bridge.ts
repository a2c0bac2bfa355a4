import * as api from '@opentelemetry/api';
import { scopeName } from './conventions.ts';
import { scopeVersion } from './instrumentation-scope.ts';

/** The slice of an OTLP log record that events use. */
export interface LogEvent {
  readonly eventName: string;
  readonly timestamp: api.HrTime;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: string;
  readonly attributes: api.Attributes;
  readonly context: api.Context;
}

/** The slice of an OpenTelemetry logger that events use. */
export interface EventLogger {
  emit(record: LogEvent): void;
  enabled?(): boolean;
}

interface EventLoggerProvider {
  getLogger(name: string, version?: string): EventLogger;
}

/** `logs` is part of the API from 1.10 on; before, `@opentelemetry/api-logs` keeps its provider in a global of its own. */
const newApi = (api as { readonly logs?: { getLoggerProvider(): EventLoggerProvider } }).logs;
const oldKey = Symbol.for('io.opentelemetry.js.api.logs');
const oldSlot = globalThis as { readonly [oldKey]?: (version: number) => EventLoggerProvider | undefined };
const oldApiVersion = 1;

let known: { readonly provider: EventLoggerProvider; readonly logger: EventLogger } | undefined;

/** The logger of whatever log provider is registered now; `undefined` where nobody would hear it. */
export function eventLogger(): EventLogger | undefined {
  const provider = newApi === undefined ? oldSlot[oldKey]?.(oldApiVersion) : newApi.getLoggerProvider();
  if (provider === undefined) return undefined;
  if (known?.provider !== provider) known = { provider, logger: provider.getLogger(scopeName, scopeVersion) };
  return known.logger.enabled?.() === false ? undefined : known.logger;
}
