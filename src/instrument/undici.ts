import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { OtelInstrumentation } from './instrumentation-package.ts';

const created = 'undici:request:create';

/** The slice of the undici instrumentation that takes the first message. */
interface UndiciInstrumentation extends OtelInstrumentation {
  onRequestCreated?(message: unknown): void;
}

/**
 * Loads the instrumentation of `fetch` and undici with the first request: both announce requests on a channel, in every copy of undici,
 * also in the one inside of Node.js. Whoever subscribes while a message is on its way does not hear it any more, so it is handed on.
 * @param isOn whether it is loaded, as it is where the program has the package undici: then it hears the first message by itself
 */
export function onFirstUndiciRequest(isOn: () => boolean, load: () => OtelInstrumentation | undefined): void {
  const first = (message: unknown) => {
    unsubscribe(created, first);
    const hears = isOn() || hearsAtOnce();
    const instrumentation = load() as UndiciInstrumentation | undefined;
    if (!hears) instrumentation?.onRequestCreated?.(message);
  };
  subscribe(created, first);
}

/** Whether this Node.js delivers a message to those who subscribe while it is delivered; none does so far. */
function hearsAtOnce(): boolean {
  let heard = false;
  const late = () => {
    heard = true;
  };
  const name = 'spanledger:delivery';
  const early = () => subscribe(name, late);
  subscribe(name, early);
  channel(name).publish({});
  unsubscribe(name, early);
  unsubscribe(name, late);
  return heard;
}
