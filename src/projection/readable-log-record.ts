import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { serviceOf, toMicros } from './readable-span.ts';
import type { LogSource, SourceAttributes } from './span-source.ts';

/** Reads a log record of the OpenTelemetry SDK, of either line. */
export function fromReadableLogRecord(record: ReadableLogRecord): LogSource {
  return {
    at: toMicros(record.hrTime),
    traceId: record.spanContext?.traceId,
    spanId: record.spanContext?.spanId,
    severityNumber: record.severityNumber,
    severityText: record.severityText,
    body: record.body,
    eventName: record.eventName,
    attributes: record.attributes as SourceAttributes,
    scope: record.instrumentationScope.name,
    service: serviceOf(record.resource),
  };
}
