import type { Context, Span } from '@opentelemetry/api';
import type { Duration } from '../domain/expectation.ts';
import type { ItemState } from '../domain/item-states.ts';
import type { AuditEntry } from './audit-entry.ts';
import type { SavedFile, StepOptions } from './session-options.ts';
import type { StepBlock, StepHandle } from './step-scope.ts';
import type { UnitLogger } from './unit-logger.ts';
import type { WaitOptions, WaitOutcome } from './waiting.ts';

/** The states that `finish` may leave an item in. */
export type ItemFinish = 'imported' | 'warning' | 'path_updated' | 'source_restored';

/** What `measure` is told of the operation. */
export interface MeasureOptions {
  /** Adds the throughput. */
  readonly fileSizeBytes?: number;
}

/**
 * An item at work. Moves of its state are guarded: one that the state table does not have throws
 * `IllegalTransitionError`, is recorded as refused and has no other effect. After its end every move throws
 * `SPANLEDGER_ITEM_ENDED`.
 */
export interface Item {
  readonly id: string;
  readonly sessionId: string;
  readonly filePath: string | undefined;
  readonly state: ItemState;
  /** From 1; grows with each retry. */
  readonly attempt: number;
  readonly startTime: Date;
  readonly span: Span;
  /** The OpenTelemetry context of the item, for code that passes contexts on by hand. */
  readonly context: Context;
  /** Aborts when the session is canceled. */
  readonly signal: AbortSignal | undefined;
  readonly logger: UnitLogger;
  canTransitionTo(target: ItemState): boolean;
  /**
   * Moves the item. Without a reason, the name of the step that ended last is the reason (`after step analyze`), or what
   * the target state means where no step ended since the last move.
   */
  to(target: ItemState, reason?: string, details?: unknown): void;
  /** Ends the item as skipped, over the legal way there. `details` tell what it duplicates. */
  skip(reason: string, details?: unknown): void;
  /** Ends the item as missing: its source was not there. Legal from pending and analyzing. */
  missing(reason: string, details?: unknown): void;
  /** Ends the item as failed without a throw. An error is diagnosed; a text is the reason. */
  fail(error: unknown, details?: unknown): void;
  /** Ends the item in a success state, over the legal way there. It stays in `warning` only if it was finished so. */
  finish(state: ItemFinish, reason?: string, details?: unknown): void;
  /** Records that the bytes of a file are stored. */
  fileSaved(file: SavedFile): void;
  step<T>(name: string, fn: StepBlock<T>, options?: StepOptions): Promise<Awaited<T>>;
  /** A step for code that cannot use a block. */
  startStep(name: string, options?: StepOptions): StepHandle;
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

/** The work on an item. */
export type ItemBlock<T> = (item: Item) => T;

/**
 * An item for code that cannot use a block. `complete` is its normal end. Disposal without `complete` or `fail` leaves
 * the outcome unknown: the state stays and an error record says so, since disposal is not told whether the block threw.
 */
export interface ItemHandle extends Item, Disposable, AsyncDisposable {
  /** The normal end of a block: an item in work ends as imported, one that ended otherwise stays. */
  complete(): void;
  /** Ends the item: as `complete` does, or as a throw would where an error is given. */
  end(outcome?: { readonly error: unknown }): void;
}
