import { type Context, context } from '@opentelemetry/api';
import { setCorrelationId as withId, withoutCorrelationId } from './correlation.ts';

const lettersOfMadeId = 12;

/**
 * Sets the correlation id of the code that runs now and of everything it calls or starts from here on; other work of the process, and
 * whoever called, keep theirs. Without an id one of 12 hex digits is made. Returns the id; where nothing keeps contexts (no
 * `spanledger/register` and no SDK) it has no effect.
 */
export function setCorrelationId(id: string = madeId()): string {
  enter(withId(context.active(), id));
  return id;
}

/** Takes the correlation id of the code that runs now away, as far as `setCorrelationId` reaches; in a trace its trace id takes the place. */
export function clearCorrelationId(): void {
  enter(withoutCorrelationId(context.active()));
}

function madeId(): string {
  return globalThis.crypto.randomUUID().replaceAll('-', '').slice(0, lettersOfMadeId);
}

/** The slices of a context manager by which what runs now can change its context; the API has no word for it in this line. */
interface Manager {
  attach?(to: Context): unknown;
  readonly _asyncLocalStorage?: { enterWith?(to: Context): void };
}

function enter(to: Context): void {
  const api = context as unknown as { _getContextManager?(): Manager };
  const manager = api._getContextManager?.();
  if (manager?.attach !== undefined) manager.attach(to);
  else manager?._asyncLocalStorage?.enterWith?.(to);
}
