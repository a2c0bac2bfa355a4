import { type Context, ROOT_CONTEXT } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager as NodeContextManager } from '@opentelemetry/context-async-hooks';

/** Keeps contexts as ever, but for the outermost: what runs in none runs in the context that the process was started with. */
export class StartingContextManager extends NodeContextManager {
  #start: Context = ROOT_CONTEXT;

  /** Sets the context that everything begins with. */
  startWith(start: Context): void {
    this.#start = start;
  }

  override active(): Context {
    const active = super.active();
    return active === ROOT_CONTEXT ? this.#start : active;
  }
}
