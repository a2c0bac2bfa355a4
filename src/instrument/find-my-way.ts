import type { InstrumentationEntry } from './instrumentation-table.ts';
import type { PatchOutcome } from './patcher.ts';
import { enterRoute, followed, type LayerHandler } from './route-place.ts';

/** The slice of find-my-way that is patched, versions 2 to 9: its class of routers. */
interface RouterClass {
  readonly prototype?: { on?: (this: unknown, method: unknown, path: unknown, ...rest: unknown[]) => unknown };
}

/** Learns of the routes that a router is asked to serve by itself, and not by a framework on top of it. */
export const findMyWayPatch: NonNullable<InstrumentationEntry['patch']> = ({ exports, name }) =>
  name === 'find-my-way' ? watchRoutes(exports as RouterClass) : 'none';

function watchRoutes({ prototype }: RouterClass): PatchOutcome['result'] {
  const on = prototype?.on;
  if (prototype === undefined || on === undefined) return 'unsupported';
  const made = new WeakSet<object>();
  const seen: typeof on = function (method, path, ...rest) {
    const index = rest.findIndex((one) => typeof one === 'function');
    const handler = rest[index] as LayerHandler | undefined;
    // A path that may be left out in part is added as two, with the same handler.
    if (handler !== undefined && typeof path === 'string' && !made.has(handler)) {
      const telling = followed(handler, path, enterRoute);
      made.add(telling);
      rest[index] = telling;
    }
    return on.call(this, method, path, ...rest);
  };
  const { name, length } = on;
  prototype.on = Object.defineProperties(seen, { name: { value: name }, length: { value: length } });
  return 'patched';
}
