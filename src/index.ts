export { type ErrorCode, type ErrorEntry, errorCatalogue, SpanledgerError } from './domain/errors.ts';
export { IllegalTransitionError } from './domain/illegal-transition.ts';
export { type ItemState, itemStates } from './domain/item-states.ts';
export { type SessionState, sessionStates } from './domain/session-states.ts';
export type { AuditEntry } from './telemetry/audit-entry.ts';
export { correlationId, withCorrelationId } from './telemetry/correlation.ts';
export type { ImportOutcome, ItemFailure, NotStarted } from './telemetry/import-outcome.ts';
export type { Item, ItemBlock, ItemFinish, ItemHandle, MeasureOptions } from './telemetry/item-scope.ts';
export { withLogContext } from './telemetry/log-context.ts';
export type {
  BatchOptions,
  EachOptions,
  EventTransport,
  ItemOptions,
  SavedFile,
  SessionOptions,
  StepOptions,
} from './telemetry/session-options.ts';
export type {
  EachBlock,
  EachSummary,
  Session,
  SessionBlock,
  SessionHandle,
  SessionSnapshot,
} from './telemetry/session-scope.ts';
export type { Batch, BatchBlock, Step, StepBlock, StepHandle } from './telemetry/step-scope.ts';
export type { ErrorFields, LogFields, UnitLogger } from './telemetry/unit-logger.ts';
