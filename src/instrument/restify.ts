import { isOwned } from './event-context.ts';
import { linkFrameworkRequest } from './framework-request.ts';
import type { InstrumentationEntry } from './instrumentation-table.ts';
import type { PatchOutcome } from './patcher.ts';

/** The slice of restify that is patched, versions 7 to 11: its class of routers. */
interface RouterClass {
  readonly prototype?: { lookup?: (this: unknown, request: RestifyRequest, ...rest: unknown[]) => unknown };
}

/** A request of Node.js, which restify extends. */
interface RestifyRequest {
  readonly route?: { readonly path?: unknown };
}

/** Learns of the routes that restify finds. What it answers itself, where none fits, has none. */
export const restifyPatch: NonNullable<InstrumentationEntry['patch']> = ({ exports, name, directory }, load) => {
  const more = load()?.patch(exports, name, directory).result ?? 'none';
  return routerFile.test(name) ? watchRouter(exports as RouterClass) : more;
};

const routerFile = /^restify[\\/]lib[\\/]router\.js$/;

function watchRouter({ prototype }: RouterClass): PatchOutcome['result'] {
  const lookup = prototype?.lookup;
  if (prototype === undefined || lookup === undefined) return 'unsupported';
  const seen: typeof lookup = function (request, ...rest) {
    const found = lookup.call(this, request, ...rest);
    if (isOwned(request)) linkFrameworkRequest(request, request, restifyRoute);
    return found;
  };
  prototype.lookup = Object.defineProperty(seen, 'name', { value: lookup.name });
  return 'patched';
}

function restifyRoute({ route }: RestifyRequest): string | undefined {
  return route?.path === undefined ? undefined : String(route.path);
}
