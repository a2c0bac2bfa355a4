import { context } from '@opentelemetry/api';
import { assertFunction, assertOptions } from './block-argument.ts';
import type { ImportOutcome } from './import-outcome.ts';
import { openRun } from './session-opening.ts';
import type { SessionOptions } from './session-options.ts';
import type { SessionBlock, SessionHandle } from './session-scope.ts';

/**
 * Runs a session and tells how it ended. A failed item does not end it; an error of the block itself is recorded and
 * thrown on unchanged; an abort of the signal resolves with the state `canceled`. A session that ended before is skipped,
 * one that failed is retried, and one that a dead process left open is taken up again: items finished then are not run
 * again.
 *
 * @throws SpanledgerError `SPANLEDGER_INVALID_ID`; `SPANLEDGER_SESSION_OPEN` where the session is at work in this process
 * already; `SPANLEDGER_SESSION_REFUSED` where it ended in `error`; `SPANLEDGER_ARGUMENT_INVALID`.
 *
 * @example
 * ```ts
 * const outcome = await importSession({ id: 'local-7', kind: 'local' }, async (session) => {
 *   await session.each(files, { id: (file) => file.path, concurrency: 4 }, async (item, file) => {
 *     const meta = await item.step('analyze', () => analyze(file));
 *     item.to('checking', 'duplicate check');
 *     if (await isDuplicate(meta)) return item.skip('duplicate', { sha256: meta.sha256 });
 *     item.to('moving');
 *     item.fileSaved(await item.step('move', () => move(file)));
 *   });
 * });
 * ```
 */
export async function importSession(options: SessionOptions, fn: SessionBlock): Promise<ImportOutcome> {
  assertOptions('importSession', options);
  assertFunction('importSession', 'its second argument', fn);
  const session = await openRun(options);
  if (session.skipped) return session.complete();
  if (session.signal?.aborted === true) return session.break(session.signal.reason);
  try {
    await context.with(session.context, () => fn(session));
  } catch (error) {
    const isStop = session.isStop(error);
    const outcome = session.break(error);
    if (isStop) return outcome;
    throw error;
  }
  return session.complete();
}

/**
 * Opens a session for `await using`. Call `complete()` at the end of the block: disposal is not told whether the block
 * threw, so without it the outcome is recorded as unknown.
 */
export async function openSession(options: SessionOptions): Promise<SessionHandle> {
  assertOptions('openSession', options);
  return openRun(options);
}

/** Starts a session for code that cannot use a block. Call `end()`, or `end({ error })`, on every way out. */
export async function startSession(options: SessionOptions): Promise<SessionHandle> {
  assertOptions('startSession', options);
  return openRun(options);
}
