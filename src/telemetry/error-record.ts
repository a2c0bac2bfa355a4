import type { Attributes } from '@opentelemetry/api';
import { type Diagnosis, diagnose } from '../domain/diagnosis.ts';
import { describeThrown } from '../domain/thrown.ts';
import { sanitizer } from '../storable/sanitizer.ts';
import { attribute } from './conventions.ts';
import { storedText } from './stored-text.ts';

const maxErrorMessageLength = 8_000;
const maxStackLength = 32_000;
const maxSummaryLength = 1_000;
const maxActions = 50;

/** A thrown value as records tell it: described, diagnosed, redacted and bounded. */
export interface ErrorRecord {
  readonly type: string;
  readonly message: string;
  /** The trouble and the message in a line: the reason of the transition it causes. */
  readonly summary: string;
  readonly diagnosis: Diagnosis;
  /** Attributes of an OpenTelemetry exception. */
  readonly exception: Attributes;
  /** Attributes of an error event: the exception, its category and what to do. */
  readonly attributes: Attributes;
}

/** Makes a record of any thrown value. Never throws. */
export function toErrorRecord(error: unknown, signal?: AbortSignal, actions?: readonly string[]): ErrorRecord {
  const thrown = describeThrown(error);
  const diagnosis = diagnose(error, signal === undefined ? {} : { signal });
  const type = storedText(thrown.type, maxSummaryLength);
  const message = storedText(thrown.message, maxErrorMessageLength);
  const exception: Attributes = {
    [attribute.exceptionType]: type,
    [attribute.exceptionMessage]: message,
    ...(thrown.stack !== undefined && { [attribute.exceptionStack]: storedText(thrown.stack, maxStackLength) }),
  };
  const advice = (actions ?? diagnosis.recommendedActions).slice(0, maxActions);
  return {
    type,
    message,
    summary: storedText(diagnosis.summary, maxSummaryLength),
    diagnosis,
    exception,
    attributes: {
      ...exception,
      [attribute.errorType]: type,
      [attribute.errorCategory]: diagnosis.category,
      [attribute.actions]: advice.map((action) => sanitizer().text(action, maxSummaryLength)),
    },
  };
}

/** What the details of an error event keep of the diagnosis. */
export function diagnosisDetails(record: ErrorRecord): Readonly<Record<string, unknown>> {
  const { diagnosis } = record;
  return {
    error: record.message,
    category: diagnosis.category,
    severity: diagnosis.severity,
    diagnosis: diagnosis.diagnosis,
    is_retryable: diagnosis.isRetryable,
    retry: diagnosis.retry,
    evidence: diagnosis.evidence,
    ...(diagnosis.retryAfterSeconds !== undefined && { retry_after_seconds: diagnosis.retryAfterSeconds }),
    ...(diagnosis.remoteBody !== undefined && { remote_body: diagnosis.remoteBody }),
  };
}
