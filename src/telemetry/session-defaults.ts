import type { EventTransport } from './session-options.ts';

/** What sessions do where their options say nothing. */
export interface SessionDefaults {
  readonly progressEvery?: number;
  readonly transitions?: EventTransport;
  /** Whether the start of each step is told as a log event, where somebody takes log events. Default true. */
  readonly stepEvents?: boolean;
}

const key = Symbol.for('spanledger.session-defaults.v1');
const slot = globalThis as { [key]?: SessionDefaults | undefined };

/** Sets the defaults of this process, as its configuration has them; `undefined` removes them. */
export function setSessionDefaults(defaults: SessionDefaults | undefined): void {
  slot[key] = defaults;
}

/** The defaults of this process; empty where nobody set any. */
export function sessionDefaults(): SessionDefaults {
  return slot[key] ?? {};
}
