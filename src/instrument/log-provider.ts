import * as api from '@opentelemetry/api';
import type { LogAttributes, LogValue } from '../recording/log-fields.ts';

/** What is emitted as a log record. */
export interface EmittedLog {
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: LogValue;
  readonly attributes?: Readonly<LogAttributes>;
  readonly eventName?: string;
  readonly context: api.Context;
  /** Milliseconds since the epoch; now, unless given. */
  readonly timestamp?: number;
}

/** The slice of an OpenTelemetry log provider that is used. */
export interface LogProvider {
  getLogger(name: string): { emit(record: EmittedLog): void };
}

/** `logs` is part of the API from 1.10 on; before, `@opentelemetry/api-logs` keeps its provider in a global of its own. */
const newApi = (api as { readonly logs?: { getLoggerProvider(): LogProvider } }).logs;
const oldSlot = globalThis as { [oldKey]?: (version: number) => LogProvider | undefined };
const oldKey = Symbol.for('io.opentelemetry.js.api.logs');
const oldApiVersion = 1;

/** The log provider that is registered now; `undefined` where there is none. */
export function logProvider(): LogProvider | undefined {
  return newApi === undefined ? oldSlot[oldKey]?.(oldApiVersion) : newApi.getLoggerProvider();
}
