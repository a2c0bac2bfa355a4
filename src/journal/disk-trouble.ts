import { SpanledgerError } from '../domain/errors.ts';
import { errorCodeOf } from './file-system.ts';
import type { LossReason } from './loss-reason.ts';

export interface TroubleListener {
  /** The disk began to refuse records; called once until `onRecovery`. */
  readonly onTrouble?: ((error: SpanledgerError) => void) | undefined;
  readonly onRecovery?: (() => void) | undefined;
}

const fullCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Remembers what the disk said last, and announces the beginning and the end of its refusal once each. */
export class DiskTrouble {
  readonly #directory: string;
  readonly #listener: TroubleListener;
  #isOn = false;
  #lastError: string | undefined;
  #lossReason: LossReason = 'io-error';

  constructor(directory: string, listener: TroubleListener) {
    this.#directory = directory;
    this.#listener = listener;
  }

  get lastError(): string | undefined {
    return this.#lastError;
  }

  /** Why a record is lost now, if one is. */
  get lossReason(): LossReason {
    return this.#lossReason;
  }

  /** An error that keeps no record out. */
  note(error: unknown): void {
    this.#lastError = error instanceof Error ? error.message : String(error);
  }

  begin(error: unknown): void {
    this.note(error);
    this.#lossReason = fullCodes.has(errorCodeOf(error) ?? '') ? 'disk-full' : 'io-error';
    if (this.#isOn) return;
    this.#isOn = true;
    const details = { directory: this.#directory, why: this.#lastError };
    guarded(() => this.#listener.onTrouble?.(new SpanledgerError('JOURNAL_UNWRITABLE', { details, cause: error })));
  }

  end(): void {
    if (!this.#isOn) return;
    this.#isOn = false;
    guarded(() => this.#listener.onRecovery?.());
  }
}

/** A listener that throws must not reach the host's work. */
function guarded(call: () => void): void {
  try {
    call();
  } catch {
    // The listener is told of the disk, not asked about it.
  }
}
