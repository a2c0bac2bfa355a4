import { isOwned } from './event-context.ts';
import { linkFrameworkRequest } from './framework-request.ts';
import type { InstrumentationEntry } from './instrumentation-table.ts';
import type { PatchOutcome } from './patcher.ts';

/** The slice of hapi that is patched, versions 18 to 21: its class of requests. */
interface RequestClass {
  generate?: (this: unknown, server: unknown, raw: object, ...rest: unknown[]) => HapiRequest;
}

interface HapiRequest {
  readonly route?: { readonly path?: string };
  /** What hapi itself answers where no route fits is a route, too. */
  readonly _route?: { readonly _special?: boolean };
}

/** Learns of the requests that hapi makes, and with them of their routes. No extension and no event of a server is used. */
export const hapiPatch: NonNullable<InstrumentationEntry['patch']> = ({ exports, name, directory }, load) => {
  const more = load()?.patch(exports, name, directory).result ?? 'none';
  return requestFile.test(name) ? watchRequests(exports as RequestClass) : more;
};

const requestFile = /^@hapi[\\/]hapi[\\/]lib[\\/]request\.js$/;

function watchRequests(requests: RequestClass): PatchOutcome['result'] {
  const { generate } = requests;
  if (generate === undefined) return 'unsupported';
  const seen: typeof generate = function (server, raw, ...rest) {
    const request = generate.call(this, server, raw, ...rest);
    if (isOwned(raw)) linkFrameworkRequest(raw, request, hapiRoute);
    return request;
  };
  requests.generate = Object.defineProperty(seen, 'name', { value: generate.name });
  return 'patched';
}

function hapiRoute({ route, _route }: HapiRequest): string | undefined {
  return _route?._special === true ? undefined : route?.path;
}
