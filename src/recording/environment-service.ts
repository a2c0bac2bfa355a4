import { processEnvironment } from '../configuration/environment.ts';
import { readOtelEnvironment } from '../configuration/otel-environment.ts';

/** Name of the service where no resource tells it: `OTEL_SERVICE_NAME`, else OpenTelemetry's name for an unknown one. */
export function environmentService(): string {
  return readOtelEnvironment(processEnvironment()).serviceName ?? 'unknown_service:node';
}
