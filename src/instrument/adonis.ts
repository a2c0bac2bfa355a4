import { metadataHere } from './framework-request.ts';
import type { InstrumentationEntry } from './instrumentation-table.ts';
import type { PatchOutcome } from './patcher.ts';

/** The slice of the HTTP server of AdonisJS that is patched, version 7, which comes with AdonisJS 6: its class of routers. */
interface AdonisModule {
  readonly Router?: { readonly prototype: { match?: Find } };
}

type Find = (
  this: unknown,
  ...args: unknown[]
) => { readonly route?: { readonly pattern?: unknown } } | null | undefined;

/** Learns of the routes that the router finds for requests. */
export const adonisPatch: NonNullable<InstrumentationEntry['patch']> = ({ exports, name }) =>
  name === '@adonisjs/http-server' ? watchRouter(exports as AdonisModule) : 'none';

function watchRouter({ Router }: AdonisModule): PatchOutcome['result'] {
  const match = Router?.prototype.match;
  if (Router === undefined || match === undefined) return 'unsupported';
  const seen: Find = function (...args) {
    const found = match.apply(this, args);
    const pattern = found?.route?.pattern;
    const metadata = metadataHere();
    if (metadata !== undefined && typeof pattern === 'string') metadata.route = pattern;
    return found;
  };
  const { name, length } = match;
  Router.prototype.match = Object.defineProperties(seen, { name: { value: name }, length: { value: length } });
  return 'patched';
}
