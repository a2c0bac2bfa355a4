import type { InstrumentationEntry } from './instrumentation-table.ts';
import type { PatchOutcome } from './patcher.ts';
import { enterMount, enterRoute, followed, type LayerHandler } from './route-place.ts';

/** The slice of Express that is patched, versions 4 and 5: routers are functions of their own in the one, of a class in the other. */
interface Express {
  readonly Router?: Partial<Router> & { readonly prototype?: Partial<Router> };
}

interface Router {
  use: Register;
  route: Register;
}

type Register = (this: { readonly stack: readonly Layer[] }, ...args: unknown[]) => unknown;

interface Layer {
  handle: LayerHandler;
}

/**
 * Learns of the routes that requests reach: of layers with a path, and no others. Where a layer passes a request on, what is reached next
 * stands beside it and not below, so that routers may be mounted one behind the other, and apps within apps.
 */
export const expressPatch: NonNullable<InstrumentationEntry['patch']> = ({ exports, name }) =>
  name === 'express' ? watchRouters(exports as Express) : 'none';

/** Several copies of Express 5 may have one package of routers. */
const watched = new WeakSet<object>();

function watchRouters({ Router }: Express): PatchOutcome['result'] {
  const routers = Router?.prototype?.route === undefined ? Router : Router.prototype;
  if (routers?.use === undefined || routers.route === undefined) return 'unsupported';
  if (watched.has(routers)) return 'patched';
  watched.add(routers);
  routers.use = following(routers.use, enterMount);
  routers.route = following(routers.route, enterRoute);
  return 'patched';
}

function following(register: Register, enter: typeof enterMount): Register {
  const seen: Register = function (...args) {
    const { length } = this.stack;
    const result = register.apply(this, args);
    const path = pathOf(args[0]);
    // What is mounted without a path is passed by every request.
    if (path === undefined || (path === '/' && enter === enterMount)) return result;
    for (const layer of this.stack.slice(length)) {
      // Four parameters: it is called for errors, which belong to the route where they arose.
      if (layer.handle.length <= 3) layer.handle = followed(layer.handle, path, enter);
    }
    return result;
  };
  const { name, length } = register;
  return Object.defineProperties(seen, { name: { value: name }, length: { value: length } });
}

/** Several paths are told as OpenTelemetry tells them. `undefined` where a handler stands in their place. */
function pathOf(argument: unknown): string | undefined {
  if (typeof argument === 'string' || argument instanceof RegExp) return String(argument);
  if (!Array.isArray(argument)) return undefined;
  const paths = argument.map(pathOf).filter((path) => path !== undefined);
  return paths.length === 0 ? undefined : paths.join(',');
}
