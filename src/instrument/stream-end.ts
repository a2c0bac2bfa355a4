/** How a stream ended. */
export interface StreamEnd {
  /** Of HTTP; `undefined` where no answer came. */
  readonly status: number | undefined;
  readonly error: unknown;
  /** By RFC 9113, 7: 0 none, 8 cancelled. */
  readonly resetCode: number;
  /** The answer was read to its end. */
  readonly isComplete: boolean;
}

/** The code with which whoever asked gives a stream up. */
export const resetCancelled = 8;
