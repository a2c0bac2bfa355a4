import type { Attributes, Context } from '@opentelemetry/api';
import type { ItemState } from '../domain/item-states.ts';
import type { ErrorRecord } from './error-record.ts';
import type { ItemPast } from './history.ts';
import type { ItemOptions } from './session-options.ts';
import type { TraceBudget } from './trace-budget.ts';
import type { UnitRuntime } from './unit.ts';

/** What an item needs of the session around it, and tells it. */
export interface ItemHost {
  readonly runtime: UnitRuntime;
  readonly id: string;
  readonly taskName: string;
  readonly worker: string;
  readonly signal: AbortSignal | undefined;
  /** Ids that every unit of the session carries. */
  readonly identity: Attributes;
  itemMoved(from: ItemState, to: ItemState): void;
  itemEnded(item: EndedItem): void;
  /** An error that leaves the item's block is the item's, not the session's own. */
  itemThrew(error: unknown): void;
}

/** An item when it has ended. */
export interface EndedItem {
  readonly id: string;
  readonly state: ItemState;
  readonly attempt: number;
  readonly version: number;
  /** Reason of the last move. */
  readonly reason: string | undefined;
  /** What went wrong, where something did. */
  readonly failure: ErrorRecord | undefined;
  /** The block went away without telling how the item ended. */
  readonly isUnknown: boolean;
  readonly durationMillis: number;
}

/** Where and how an item begins. */
export interface ItemStart {
  readonly options: ItemOptions;
  /** What an earlier run left behind. */
  readonly past: ItemPast | undefined;
  /** The moves that take it up. */
  readonly steps: readonly ItemState[];
  readonly isRetry: boolean;
  readonly order: number;
  readonly parent: Context;
  readonly budget: TraceBudget;
}
