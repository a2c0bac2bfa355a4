import { assertFunction, assertOptions } from './block-argument.ts';
import { attribute, event } from './conventions.ts';
import type { Scope } from './current-scope.ts';
import type { BatchOptions } from './session-options.ts';
import { runInside, StepRun } from './step.ts';
import type { Batch, BatchBlock } from './step-scope.ts';

/** Runs a batch: its begin, its end, its seconds and its counts are on record. */
export async function runBatch<T>(
  scope: Scope,
  name: string,
  options: BatchOptions,
  fn: BatchBlock<T>,
): Promise<Awaited<T>> {
  assertOptions('batch', options);
  assertFunction('batch', 'its third argument', fn);
  return runInside(new BatchRun(scope, name, options), fn);
}

/** One batch at work. */
export class BatchRun extends StepRun implements Batch {
  readonly #options: BatchOptions;
  #succeeded = 0;
  #failed = 0;

  constructor(scope: Scope, name: string, options: BatchOptions) {
    const { index, count, size, attributes, expected, limit, stuckAfter } = options;
    super(scope, {
      kind: 'batch',
      name,
      options: {
        input: { index, count, size },
        ...(attributes !== undefined && { attributes }),
        ...(expected !== undefined && { expected }),
        ...(limit !== undefined && { limit }),
        ...(stuckAfter !== undefined && { stuckAfter }),
      },
      attributes: { [attribute.order]: index, ...(size !== undefined && { [attribute.total]: size }) },
    });
    this.#options = options;
    this.#tell(`batch ${this.#position()} begins${size === undefined ? '' : `, ${size} items`}`, 0);
  }

  succeeded(count = 1): void {
    this.#succeeded += count;
    this.progress(this.#succeeded + this.#failed, this.#options.size);
  }

  failed(count = 1): void {
    this.#failed += count;
    this.progress(this.#succeeded + this.#failed, this.#options.size);
  }

  protected override finish(failure: string | undefined): void {
    if (this.unit.ended) return;
    const seconds = this.unit.elapsedMillis() / 1_000;
    const result = { seconds, success: this.#succeeded, failure: this.#failed };
    this.output(result);
    const ending = failure === undefined ? 'ends' : 'breaks off';
    const told = `batch ${this.#position()} ${ending} after ${seconds.toFixed(2)} s: ${this.#succeeded} ok, ${this.#failed} failed`;
    this.#tell(told, this.#succeeded + this.#failed, result);
    super.finish(failure);
  }

  #position(): string {
    const { index, count } = this.#options;
    return `${index + 1}${count === undefined ? '' : ` of ${count}`}`;
  }

  #tell(message: string, done: number, details?: unknown): void {
    const { index, count, size } = this.#options;
    this.unit.emit({
      name: event.stepProgress,
      level: 'info',
      category: 'performance',
      message,
      details: details ?? { index, count, size },
      attributes: { [attribute.done]: done, ...(size !== undefined && { [attribute.total]: size }) },
    });
  }
}
