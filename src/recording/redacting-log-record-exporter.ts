import type { ExportResult } from '@opentelemetry/core';
import type { LogRecordExporter, ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { type Sanitizer, sanitizer } from '../storable/sanitizer.ts';
import { redactedAttributes, redactedValue } from './redacted-attributes.ts';
import { exportRedacted } from './redacted-export.ts';
import { redactedResource } from './redacted-resource.ts';

/** Redacts log records on their way to another exporter: body, attributes and resource. The records are left as they are. */
export class RedactingLogRecordExporter implements LogRecordExporter {
  readonly #exporter: LogRecordExporter;
  readonly #sanitizer: Sanitizer;

  constructor(exporter: LogRecordExporter, by: Sanitizer = sanitizer()) {
    this.#exporter = exporter;
    this.#sanitizer = by;
  }

  export(logs: ReadableLogRecord[], resultCallback: (result: ExportResult) => void): void {
    exportRedacted(logs, (record) => redactedLogRecord(record, this.#sanitizer), this.#exporter, resultCallback);
  }

  forceFlush(): Promise<void> {
    return this.#exporter.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }
}

/** The log record redacted; the same record where there was nothing to redact. */
function redactedLogRecord(log: ReadableLogRecord, by: Sanitizer): ReadableLogRecord {
  const body = redactedValue(log.body, by) as ReadableLogRecord['body'];
  const attributes = redactedAttributes(log.attributes, by);
  const resource = redactedResource(log.resource, by);
  if (body === log.body && attributes === log.attributes && resource === log.resource) return log;
  const { spanContext, severityText, severityNumber, eventName } = log;
  return {
    hrTime: log.hrTime,
    hrTimeObserved: log.hrTimeObserved,
    ...(spanContext !== undefined && { spanContext }),
    ...(severityText !== undefined && { severityText }),
    ...(severityNumber !== undefined && { severityNumber }),
    ...(body !== undefined && { body }),
    ...(eventName !== undefined && { eventName }),
    resource,
    instrumentationScope: log.instrumentationScope,
    attributes,
    droppedAttributesCount: log.droppedAttributesCount,
  };
}
