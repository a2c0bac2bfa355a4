export { type AuditCategory, type AuditLevel, auditCategoryNames, auditLevelNames } from './domain/audit.ts';
export { type ConsistencyReport, StateConsistencyValidator, validateConsistency } from './domain/consistency.ts';
export { type Diagnosis, type DiagnosisContext, diagnose, ErrorHandler } from './domain/diagnosis.ts';
export { type ErrorCode, type ErrorEntry, errorCatalogue, SpanledgerError } from './domain/errors.ts';
export type { Duration, ExpectationOptions, VolumePart } from './domain/expectation.ts';
export type {
  RefusedTransition,
  StateMachine,
  StateMachineOptions,
  TransitionEntry,
} from './domain/guarded-machine.ts';
export { IllegalTransitionError } from './domain/illegal-transition.ts';
export { type ItemState, itemStateNames, itemStates } from './domain/item-states.ts';
export { ActionRecommender } from './domain/recommendations.ts';
export { type SessionState, sessionStateNames, sessionStates } from './domain/session-states.ts';
export {
  createItemStateMachine,
  createSessionStateMachine,
  type ItemStateMachine,
  type SessionStateMachine,
} from './domain/state-machine.ts';
export { countItems, type ItemCounts, successRate } from './domain/statistics.ts';
export { type Synchronisation, synchronise } from './domain/synchronisation.ts';
export {
  configureLogging,
  getLogger,
  initFromEnv,
  type LoggingOptions,
  type ServiceLogger,
} from './logging/logger.ts';
export { type AuditClient, type AuditOnOptions, auditOn } from './recording/audit-on-client.ts';
export { createLedger, type Ledger, type LedgerOptions, type LedgerStats } from './recording/ledger.ts';
export type { ApiLogRow, AuditLogRow, LoggedRows, LoggedTable, TaskProgressRow } from './recording/logged-tables.ts';
export {
  createHealthHandler,
  createHealthListener,
  type HealthHandlerOptions,
} from './register/health-handler.ts';
export type { AuditEntry } from './telemetry/audit-entry.ts';
export {
  type ContextCarrier,
  carryContext,
  childEnvironment,
  withCarriedContext,
} from './telemetry/carried-context.ts';
export { type Clock, createSystemClock } from './telemetry/clock.ts';
export { attribute, event, lifecycleEvents, scopeName } from './telemetry/conventions.ts';
export {
  correlationId,
  correlationId as getCorrelationId,
  setCorrelationId as contextWithCorrelationId,
  withCorrelationId,
} from './telemetry/correlation.ts';
export { clearCorrelationId, setCorrelationId } from './telemetry/correlation-here.ts';
export type { ImportOutcome, ItemFailure, NotStarted } from './telemetry/import-outcome.ts';
export { importSession, openSession, startSession } from './telemetry/import-session.ts';
export type { Item, ItemBlock, ItemFinish, ItemHandle, MeasureOptions } from './telemetry/item-scope.ts';
export { type LogContextFields, logContext, withLogContext } from './telemetry/log-context.ts';
export type { LoopCycle } from './telemetry/loop-cycle.ts';
export { type LoopOptions, type WorkerLoop, workerLoop } from './telemetry/loops.ts';
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
export {
  createStateManagementService,
  type ItemName,
  type StateManagementService,
} from './telemetry/state-management.ts';
export type { Batch, BatchBlock, Step, StepBlock, StepHandle } from './telemetry/step-scope.ts';
export type { ErrorFields, LogFields, UnitLogger } from './telemetry/unit-logger.ts';
export type { WaitOptions, WaitOutcome } from './telemetry/waiting.ts';
export { type ItemContext, type WithItemOptions, withItem } from './telemetry/with-item.ts';
export { audit, batch, step, type TaskStepOptions, waitFor } from './telemetry/work.ts';
