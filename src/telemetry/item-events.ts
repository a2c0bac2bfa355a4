import type { ItemState } from '../domain/item-states.ts';
import { attribute, event } from './conventions.ts';
import { diagnosisDetails, type ErrorRecord } from './error-record.ts';
import type { SavedFile } from './session-options.ts';
import { labelOf } from './transition-event.ts';
import type { UnitEvent } from './unit-event.ts';

/** A worker took the item. */
export function claimEvent(label: string, worker: string, attempt: number): UnitEvent {
  return {
    name: event.itemClaim,
    level: 'info',
    category: 'state_transition',
    message: `item ${label} claimed by ${worker}, attempt ${attempt}`,
    isMessageStored: true,
    detailsJson: `{"attempt":${attempt}}`,
    attributes: { [attribute.lockedBy]: worker },
  };
}

/** How an item ended. */
export interface ItemEnding {
  readonly label: string;
  readonly state: ItemState;
  readonly reason: string | undefined;
  readonly durationMillis: number;
}

/** The item is done. */
export function itemEndEvent({ label, state, reason, durationMillis }: ItemEnding): UnitEvent {
  return {
    name: event.itemEnd,
    level: 'info',
    category: 'state_transition',
    message: `item ${label} ended ${state} after ${Math.round(durationMillis)} ms`,
    isMessageStored: true,
    reason,
    attributes: { [attribute.outcome]: state, [attribute.durationMillis]: durationMillis },
  };
}

/** The item failed, with its diagnosis. */
export function itemErrorEvent(label: string, record: ErrorRecord, details?: unknown): UnitEvent {
  return {
    name: event.itemError,
    level: record.diagnosis.severity === 'critical' ? 'critical' : 'error',
    category: 'error',
    message: `item ${label}: ${record.summary}`,
    reason: record.summary,
    details: details === undefined ? diagnosisDetails(record) : { ...diagnosisDetails(record), details },
    attributes: { ...record.attributes },
  };
}

/** The block of the item went away without saying how the item ended. */
export function itemUnknownEvent(label: string, state: ItemState): UnitEvent {
  return {
    name: event.itemError,
    level: 'error',
    category: 'error',
    message: `item ${label} was let go in ${state} without complete() or fail(); its outcome is unknown`,
    reason: 'outcome unknown',
    attributes: {
      [attribute.errorCategory]: 'unknown',
      [attribute.actions]: ['Call complete() at the end of the block, and fail(error) where it breaks off.'],
    },
  };
}

/** An item that had ended before was offered again. */
export function itemRefusedEvent(label: string, state: ItemState): UnitEvent {
  return {
    name: event.itemRefused,
    level: 'info',
    category: 'state_transition',
    message: `item ${label} had ended ${state} and was not run again`,
    reason: `already ${state}`,
    details: { status: state },
    onSpan: false,
  };
}

/** The bytes of a file are stored; the time of the event is that of the save. What it was stands in the attributes. */
export function fileSavedEvent(file: SavedFile): UnitEvent {
  const { path, size, mimeType, sha256, originalName } = file;
  return {
    name: event.fileSaved,
    level: 'info',
    category: 'file_operation',
    message: `saved ${labelOf(path)} (${size} bytes)`,
    isMessageStored: true,
    detailsJson: '{"operation":"save"}',
    attributes: {
      [attribute.filePath]: path,
      [attribute.fileSize]: size,
      ...(mimeType !== undefined && { [attribute.mimeType]: mimeType }),
      ...(sha256 !== undefined && { [attribute.sha256]: sha256 }),
      ...(originalName !== undefined && { [attribute.fileName]: originalName }),
    },
  };
}

/** A measured operation, whether it went well or not. */
export interface Measurement {
  readonly operation: string;
  readonly durationMillis: number;
  readonly fileSizeBytes?: number | undefined;
  readonly error?: ErrorRecord | undefined;
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
}

/** The event of a measured operation. */
export function performanceEvent(measurement: Measurement): UnitEvent {
  const { operation, durationMillis, fileSizeBytes, error, fields } = measurement;
  const seconds = durationMillis / 1_000;
  return {
    name: event.performance,
    level: error === undefined ? 'info' : 'warning',
    category: 'performance',
    message: `${operation} took ${Math.round(durationMillis)} ms${error === undefined ? '' : ' and failed'}`,
    details: {
      ...fields,
      operation,
      duration_ms: durationMillis,
      success: error === undefined,
      file_size_bytes: fileSizeBytes,
      throughput_bytes_per_second:
        fileSizeBytes === undefined || seconds === 0 ? undefined : Math.round(fileSizeBytes / seconds),
      error: error?.message,
    },
    attributes: {
      [attribute.durationMillis]: durationMillis,
      ...(fileSizeBytes !== undefined && { [attribute.fileSize]: fileSizeBytes }),
      ...(error !== undefined && { [attribute.errorType]: error.type }),
    },
  };
}
