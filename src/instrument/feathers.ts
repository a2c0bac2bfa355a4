import { metadataHere } from './framework-request.ts';
import type { InstrumentationEntry } from './instrumentation-table.ts';
import type { PatchOutcome } from './patcher.ts';
import { joined, mountOf } from './route-place.ts';

/** The slice of Feathers that is patched, version 5: the class of routers that all its transports share. */
interface RoutingModule {
  readonly Router?: { readonly prototype: Partial<RouterMethods> };
}

interface RouterMethods {
  insert(this: unknown, path: unknown, data: unknown, ...rest: unknown[]): unknown;
  lookup(this: unknown, path: unknown): { readonly data?: object } | null;
}

/** Learns of the paths of services, by what they are found with. */
export const feathersPatch: NonNullable<InstrumentationEntry['patch']> = ({ exports, name }) =>
  routerFile.test(name) ? watchRouter(exports as RoutingModule) : 'none';

const routerFile = /^@feathersjs[\\/]transport-commons[\\/]lib[\\/]routing[\\/]router\.js$/;

function watchRouter({ Router }: RoutingModule): PatchOutcome['result'] {
  const { insert, lookup } = Router?.prototype ?? {};
  if (Router === undefined || insert === undefined || lookup === undefined) return 'unsupported';
  const paths = new WeakMap<object, string>();
  const inserting: RouterMethods['insert'] = function (path, data, ...rest) {
    if (typeof path === 'string' && typeof data === 'object' && data !== null) paths.set(data, `/${path}`);
    return insert.call(this, path, data, ...rest);
  };
  const seen: RouterMethods['lookup'] = function (path) {
    const found = lookup.call(this, path);
    const route = found?.data && paths.get(found.data);
    const metadata = metadataHere();
    if (route !== undefined && metadata !== undefined) {
      metadata.route = joined(metadata.request === undefined ? '' : mountOf(metadata.request), route);
    }
    return found;
  };
  Router.prototype.insert = Object.defineProperty(inserting, 'name', { value: insert.name });
  Router.prototype.lookup = Object.defineProperty(seen, 'name', { value: lookup.name });
  return 'patched';
}
