import { type ExportResult, ExportResultCode } from '@opentelemetry/core';

/** Hands on what `redact` makes of each record; where that throws, the export has failed and nothing goes out as it was. */
export function exportRedacted<T>(
  records: readonly T[],
  redact: (record: T) => T,
  exporter: { export(records: T[], resultCallback: (result: ExportResult) => void): void },
  resultCallback: (result: ExportResult) => void,
): void {
  let redacted: T[];
  try {
    redacted = records.map(redact);
  } catch (error) {
    const known = error instanceof Error ? error : new Error('unknown error');
    resultCallback({ code: ExportResultCode.FAILED, error: known });
    return;
  }
  exporter.export(redacted, resultCallback);
}
