import * as api from '@opentelemetry/api';
import { type LoggerProvider, logs as oldLogs } from '@opentelemetry/api-logs';

/** What both homes of the logs API have. */
interface LogsApi {
  setGlobalLoggerProvider(provider: LoggerProvider): unknown;
  getLogger(name: string, version?: string): ReturnType<LoggerProvider['getLogger']>;
  disable(): void;
}

/** The logs API of the OpenTelemetry line that is installed: part of the API from 1.10 on, a package of its own before. */
export const logs: LogsApi = (api as { readonly logs?: LogsApi }).logs ?? oldLogs;
