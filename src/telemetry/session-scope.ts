import type { Context, Span } from '@opentelemetry/api';
import type { Duration } from '../domain/expectation.ts';
import type { SessionState } from '../domain/session-states.ts';
import type { ItemCounts } from '../domain/statistics.ts';
import type { AuditEntry } from './audit-entry.ts';
import type { ImportOutcome } from './import-outcome.ts';
import type { Item, ItemBlock, ItemHandle, MeasureOptions } from './item-scope.ts';
import type { BatchOptions, EachOptions, ItemOptions, StepOptions } from './session-options.ts';
import type { BatchBlock, StepBlock, StepHandle } from './step-scope.ts';
import type { UnitLogger } from './unit-logger.ts';
import type { WaitOptions, WaitOutcome } from './waiting.ts';

/** What a walk of `each` came to. */
export interface EachSummary {
  /** Items whose block ran. */
  readonly run: number;
  /** Items that had ended in an earlier run and were not run again. */
  readonly refused: number;
  /** Items whose block threw, or whose id could not be used. */
  readonly failed: number;
}

/** State and counts of a session at one moment. */
export interface SessionSnapshot {
  readonly state: SessionState;
  readonly counts: ItemCounts;
}

/** The work on one value of `each`. */
export type EachBlock<T> = (item: Item, value: T, index: number) => unknown;

/**
 * A session at work. Its state follows its items by itself; `to` is for what only the program knows. After its end every
 * operation throws `SPANLEDGER_SESSION_ENDED`.
 */
export interface Session {
  readonly id: string;
  readonly kind: string;
  readonly accountId: string | undefined;
  /** Which run of the session this is, from 1. */
  readonly attempt: number;
  readonly state: SessionState;
  /** Never lag behind the items. */
  readonly counts: ItemCounts;
  readonly startTime: Date;
  readonly span: Span;
  /** The OpenTelemetry context of the session, for code that passes contexts on by hand. */
  readonly context: Context;
  readonly signal: AbortSignal | undefined;
  readonly logger: UnitLogger;
  canTransitionTo(target: SessionState): boolean;
  /** Moves the session. Without a reason, what the target state means is the reason. */
  to(target: SessionState, reason?: string, details?: unknown): void;
  /** Moves the session without the check, to any state; recorded as forced. */
  force(target: SessionState, reason: string, details?: unknown): void;
  /** Says that no item will join any more: once all are finished, the session takes its outcome. */
  seal(): void;
  /** Holds the session against its items now, moves it where they lead, and tells where it stands. */
  sync(): SessionSnapshot;
  /**
   * Runs `fn` on one item. A normal return ends the item as imported; a throw ends it as failed, with a diagnosis, and
   * is rethrown unchanged. Resolves with `undefined`, without a run, where an earlier run finished the item.
   */
  item<T>(options: ItemOptions, fn: ItemBlock<T>): Promise<Awaited<T> | undefined>;
  /**
   * Runs `fn` on every value, as one item each; memory does not grow with their number. A failed item does not end the
   * loop, unless `onError` is `stop`.
   */
  each<T>(values: Iterable<T> | AsyncIterable<T>, options: EachOptions<T>, fn: EachBlock<T>): Promise<EachSummary>;
  /** An item for `using` and `await using`; `undefined` where an earlier run finished it. */
  openItem(options: ItemOptions): ItemHandle | undefined;
  /** An item with an explicit end; `undefined` where an earlier run finished it. */
  startItem(options: ItemOptions): ItemHandle | undefined;
  step<T>(name: string, fn: StepBlock<T>, options?: StepOptions): Promise<Awaited<T>>;
  /** A step for code that cannot use a block. */
  startStep(name: string, options?: StepOptions): StepHandle;
  /** Runs one batch, with its begin, end, seconds and counts on record. */
  batch<T>(name: string, options: BatchOptions, fn: BatchBlock<T>): Promise<Awaited<T>>;
  /**
   * Waits until then, and says so: the unit counts as waiting, not as stuck, until its time is over. Resolves early when the
   * signal aborts, or the session's, or the process is told to stop.
   *
   * @throws SpanledgerError `SPANLEDGER_INVALID_DURATION`
   */
  waitFor(time: Duration | Date, options?: WaitOptions): Promise<WaitOutcome>;
  audit(entry: AuditEntry | string): void;
  /** Runs `fn` and records how long it took, also when it throws. */
  measure<T>(operation: string, options: MeasureOptions, fn: () => T): Promise<Awaited<T>>;
}

/** The work of a session. */
export type SessionBlock = (session: Session) => unknown;

/**
 * A session for code that cannot use a block. `complete` is its normal end. Disposal without an end leaves the outcome
 * unknown: the state stays and an error record says so, since disposal is not told whether the block threw.
 */
export interface SessionHandle extends Session, Disposable, AsyncDisposable {
  /** The session had ended before this run, so there is nothing to do. */
  readonly skipped: boolean;
  /** The normal end of a block: the session takes its outcome. */
  complete(): ImportOutcome;
  /** Ends the session: as `complete` does, or as a throw would where an error is given. */
  end(outcome?: { readonly error: unknown }): ImportOutcome;
  /** Ends the session as canceled; open items end as failed. */
  cancel(reason: string): ImportOutcome;
}
