import type { Attributes } from '@opentelemetry/api';
import type { ExpectationOptions } from '../domain/expectation.ts';
import type { Clock } from './clock.ts';

/** How events travel: on the span, as OTLP log events, or both. Rows in the ledger do not depend on it. */
export type EventTransport = 'span' | 'log' | 'both';

/** What opens a session. */
export interface SessionOptions extends ExpectationOptions {
  /** Non-empty, at most 1,024 bytes of UTF-8. A second run under the same id is a retry, a take-up or a skip. */
  readonly id: string;
  /** What kind of job it is, such as `local` or `picker`; also its task name. Default `import`. */
  readonly kind?: string;
  /** Account the session works for. */
  readonly accountId?: string;
  /** Items in all, where known beforehand. `each` over an array or a set adds its length by itself. */
  readonly total?: number;
  /** Cancels the session: nothing new is started, the state becomes `canceled`. */
  readonly signal?: AbortSignal;
  /** A progress event after this many finished items, and after the first and the last. Default 10. */
  readonly progressEvery?: number;
  /** Default `both`. */
  readonly transitions?: EventTransport;
  /** Items that share the session's trace; further ones go to linked traces of this size. Default 500. */
  readonly maxItemsPerTrace?: number;
  /** Spans in one trace; steps beyond it stay out of the sampled trace, not out of the ledger. Default 5,000. */
  readonly maxSpansPerTrace?: number;
  /** Who works, told in the claim of each item. Default: the instance id, or `host:pid`. */
  readonly worker?: string;
  /** Further attributes of the session's span. */
  readonly attributes?: Attributes;
  readonly clock?: Clock;
}

/** What opens an item. */
export interface ItemOptions extends ExpectationOptions {
  /** Non-empty, at most 1,024 bytes of UTF-8; unique in its session. */
  readonly id: string;
  readonly filePath?: string;
  /** Further attributes of the item's span. */
  readonly attributes?: Attributes;
}

/** How `session.each` walks through its values. */
export interface EachOptions<T> {
  /** Id of the item a value becomes. Pure: it may be called twice for one value. */
  readonly id: (value: T, index: number) => string;
  readonly filePath?: (value: T, index: number) => string | undefined;
  /** How long an item should take, and may take. */
  readonly expectation?: (value: T, index: number) => ExpectationOptions;
  /** Items in work at a time. Default 1. */
  readonly concurrency?: number;
  /** Whether a failed item ends the loop. Default `continue`. */
  readonly onError?: 'continue' | 'stop';
  /** Stops this loop, in addition to the signal of the session. */
  readonly signal?: AbortSignal;
}

/** What is known of a step beforehand. */
export interface StepOptions extends ExpectationOptions {
  /** Written as JSON to `input_data`. */
  readonly input?: unknown;
  readonly attempt?: number;
  readonly attributes?: Attributes;
}

/** A batch among its siblings. */
export interface BatchOptions extends ExpectationOptions {
  /** From 0. */
  readonly index: number;
  /** Batches in all. */
  readonly count?: number;
  /** Entries in this batch. */
  readonly size?: number;
  readonly attributes?: Attributes;
}

/** What a file was when its bytes were stored. */
export interface SavedFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly mimeType?: string | undefined;
  /** 64 hex digits. */
  readonly sha256?: string | undefined;
  readonly originalName?: string | undefined;
}
