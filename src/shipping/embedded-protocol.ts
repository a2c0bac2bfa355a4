/** What the thread of the embedded database is asked to do. */
export type EmbeddedRequest =
  | { readonly id: number; readonly type: 'query'; readonly sql: string; readonly parameters: readonly unknown[] }
  | { readonly id: number; readonly type: 'script'; readonly sql: string }
  | { readonly id: number; readonly type: 'copy'; readonly target: string; readonly data: Uint8Array }
  | { readonly id: number; readonly type: 'close' };

/** A request before it gets its number. */
export type EmbeddedOrder = EmbeddedRequest extends infer R ? (R extends unknown ? Omit<R, 'id'> : never) : never;

/** Its answer. Errors travel as data: a structured clone would lose `code`. */
export type EmbeddedResponse =
  | { readonly id: number; readonly rows: readonly Record<string, unknown>[] }
  | { readonly id: number; readonly error: EmbeddedFailure };

export interface EmbeddedFailure {
  readonly message: string;
  /** SQLSTATE, or the code of a system error. */
  readonly code?: string;
}

/** What the thread says once, before it answers anything. */
export type EmbeddedOpening =
  | { readonly type: 'open' }
  | { readonly type: 'missing'; readonly error: EmbeddedFailure }
  | { readonly type: 'failed'; readonly error: EmbeddedFailure };

/** What the thread is started with. */
export interface EmbeddedOptions {
  /** Where the cluster lies. */
  readonly dataDirectory: string;
  /** The cluster is not there and is to be made. */
  readonly isNew: boolean;
}
