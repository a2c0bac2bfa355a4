import { type Attributes, type Context, context, type Span } from '@opentelemetry/api';
import { itemEntry } from '../domain/item-block.ts';
import type { ItemState } from '../domain/item-states.ts';
import { assertFunction, assertOptions } from './block-argument.ts';
import { attribute } from './conventions.ts';
import { setCorrelationId } from './correlation.ts';
import { parseId, workerName } from './identity.ts';
import { ItemRun, runItem } from './item.ts';
import type { EndedItem, ItemHost } from './item-host.ts';
import type { Item, MeasureOptions } from './item-scope.ts';
import { contextIdentity } from './log-context.ts';
import { rootCorrelation } from './root-correlation.ts';
import { openSessions } from './session-opening.ts';
import type { ItemOptions } from './session-options.ts';
import { TraceBudget } from './trace-budget.ts';
import { createRuntime } from './unit.ts';
import type { UnitLogger } from './unit-logger.ts';

/** What opens an item by ids alone. */
export interface WithItemOptions {
  readonly itemId: string;
  readonly sessionId: string;
  readonly filePath?: string;
  readonly attributes?: Attributes;
}

/** What a block opened by ids is given. */
export interface ItemContext {
  readonly itemId: string;
  readonly filePath: string | undefined;
  readonly sessionId: string;
  readonly currentState: ItemState;
  readonly startTime: Date;
  readonly logger: UnitLogger;
  readonly span: Span;
  /** The item itself, with everything it can do. */
  readonly item: Item;
  transition(state: ItemState, reason?: string, details?: unknown): void;
  measure<T>(operation: string, options: MeasureOptions, fn: () => T): Promise<Awaited<T>>;
}

/**
 * Runs `fn` on one item named by ids alone, for code that has no session at hand. It joins the session of that id where
 * one is open in this process, which then follows its items. Elsewhere the records carry the session id, and the session is
 * not moved: only whoever runs it knows whether more items come, and two processes that moved it would contradict each other. Where nobody
 * runs it, `createStateManagementService().syncSessionWithItems(sessionId, { isClosed: true })` moves it where its items lead. Ends and
 * throws are those of `session.item`.
 *
 * @throws SpanledgerError `SPANLEDGER_INVALID_ID`.
 */
export async function withItem<T>(
  options: WithItemOptions,
  fn: (item: ItemContext) => T,
): Promise<Awaited<T> | undefined> {
  assertOptions('withItem', options);
  assertFunction('withItem', 'its second argument', fn);
  const sessionId = parseId('session', options.sessionId);
  const { filePath, attributes } = options;
  const itemOptions: ItemOptions = {
    id: parseId('item', options.itemId),
    ...(filePath !== undefined && { filePath }),
    ...(attributes !== undefined && { attributes }),
  };
  const session = openSessions.get(sessionId);
  if (session !== undefined) return session.item(itemOptions, (item) => fn(toItemContext(item)));
  return runItem(loneItem(sessionId, itemOptions), (item) => fn(toItemContext(item)));
}

function toItemContext(item: Item): ItemContext {
  return {
    itemId: item.id,
    filePath: item.filePath,
    sessionId: item.sessionId,
    get currentState() {
      return item.state;
    },
    startTime: item.startTime,
    logger: item.logger,
    span: item.span,
    item,
    transition: (state, reason, details) => item.to(state, reason, details),
    measure: (operation, options, fn) => item.measure(operation, options, fn),
  };
}

/** An item whose session is run elsewhere. */
export function loneItem(sessionId: string, options: ItemOptions): ItemRun {
  const active = context.active();
  const { correlation, around } = rootCorrelation(active);
  const parent: Context = setCorrelationId(around, correlation);
  const identity = {
    [attribute.sessionId]: sessionId,
    [attribute.correlationId]: correlation,
    ...contextIdentity(active),
  };
  const entry = itemEntry('pending');
  const steps = entry.status === 'finished' ? [] : entry.steps;
  const budget = new TraceBudget(Number.POSITIVE_INFINITY);
  return new ItemRun(new LoneHost(sessionId, identity), {
    options,
    past: undefined,
    steps,
    isRetry: false,
    order: 0,
    parent,
    budget,
  });
}

/** The host of an item whose session is run elsewhere. */
class LoneHost implements ItemHost {
  readonly runtime = createRuntime({});
  readonly id: string;
  readonly taskName = 'import';
  readonly worker = workerName();
  readonly signal = undefined;
  readonly identity: Attributes;

  constructor(id: string, identity: Attributes) {
    this.id = id;
    this.identity = identity;
  }

  itemMoved(): void {}

  itemEnded({ isUnknown, state, durationMillis }: EndedItem): void {
    if (!isUnknown) this.runtime.metrics.itemEnded({ kind: this.taskName, outcome: state }, durationMillis / 1_000);
  }

  itemThrew(): void {}
}
