import type { Span } from '@opentelemetry/api';
import type { Duration } from '../domain/expectation.ts';
import type { AuditEntry } from './audit-entry.ts';
import type { StepOptions } from './session-options.ts';
import type { WaitOptions, WaitOutcome } from './waiting.ts';

/** A step at work: one span, one row in `task_progress`. */
export interface Step {
  readonly name: string;
  readonly span: Span;
  /** Tells how far the step is. Recorded at most four times a second, and always when `done` reaches `total`. */
  progress(done: number, total?: number): void;
  /** Sets the result that is written as JSON to `output_data`. */
  output(value: unknown): void;
  /**
   * Waits until then, and says so: the unit counts as waiting, not as stuck, until its time is over. Resolves early when the
   * signal aborts, or the session's, or the process is told to stop.
   *
   * @throws SpanledgerError `SPANLEDGER_INVALID_DURATION`
   */
  waitFor(time: Duration | Date, options?: WaitOptions): Promise<WaitOutcome>;
  /** Writes a record of one's own; its span is this step's. */
  audit(entry: AuditEntry | string): void;
  /** Runs a step inside this one. */
  step<T>(name: string, fn: StepBlock<T>, options?: StepOptions): Promise<Awaited<T>>;
}

/** The work of a step. */
export type StepBlock<T> = (step: Step) => T;

/** A step for code that cannot use a block. End it on every way out; its item or session ends it as abandoned otherwise. */
export interface StepHandle extends Step, Disposable {
  /** Ends the step in success. */
  end(): void;
  /** Ends the step as failed. */
  fail(error: unknown): void;
}

/** A batch at work. */
export interface Batch extends Step {
  /** Counts entries that went well. */
  succeeded(count?: number): void;
  /** Counts entries that failed. */
  failed(count?: number): void;
}

/** The work of a batch. */
export type BatchBlock<T> = (batch: Batch) => T;
