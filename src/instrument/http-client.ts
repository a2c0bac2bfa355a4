import { diag } from '@opentelemetry/api';
import { rememberingHeaders, withGivenHeaders } from './own-headers.ts';
import type { Patcher } from './patcher.ts';

type Call = (this: unknown, ...args: unknown[]) => unknown;

/** The slice of `node:http` and `node:https` that calls go out by. */
export interface HttpClientModule {
  request: Call;
  get: Call;
}

const names = ['request', 'get'] as const;

/**
 * Lets calls that go out be seen by an instrumentation that is loaded with the first of them: a service that makes none is spared a third of
 * our start. What is patched is a stand-in for the module, through which the calls of the module then go.
 * @param name `http` or `https`
 */
export function patchOutgoing(module: HttpClientModule, name: string, load: () => Patcher | undefined): void {
  const original: HttpClientModule = { request: module.request, get: module.get };
  let seen: HttpClientModule | undefined;
  const patched = (): HttpClientModule => {
    seen ??= patchedBy(load, name, original);
    return seen;
  };
  for (const method of names) {
    const call: Call = function (this: unknown, ...args) {
      return patched()[method].apply(this, args.map(rememberingHeaders));
    };
    module[method] = Object.defineProperty(call, 'name', { value: method });
  }
}

function patchedBy(load: () => Patcher | undefined, name: string, original: HttpClientModule): HttpClientModule {
  const behind: HttpClientModule = {
    request: (...args) => original.request(...args.map(withGivenHeaders)),
    get: (...args) => original.get(...args.map(withGivenHeaders)),
  };
  try {
    return (load()?.patch(behind, name).exports as HttpClientModule | undefined) ?? behind;
  } catch (error) {
    diag.warn(`Calls that go out by node:${name} are not seen.`, error);
    return behind;
  }
}
