import { requestHere, tellProcedure } from './framework-request.ts';
import type { InstrumentationEntry } from './instrumentation-table.ts';
import type { PatchOutcome } from './patcher.ts';

/** The slice of tRPC that is patched, versions 10 and 11: what its procedures and routers are made with. */
interface TrpcModule {
  readonly initTRPC?: object;
}

interface Builder {
  create?: (this: unknown, ...args: unknown[]) => Root;
}

interface Root {
  router: (input: Input) => unknown;
  /** A dot, where versions have no such setting. */
  readonly _config?: { readonly pathSeparator?: unknown };
}

type Input = Readonly<Record<string, unknown>>;

/** How a procedure is called, by an adapter or by the program itself. */
interface Call {
  readonly path?: unknown;
}

type Procedure = (call: Call, ...rest: unknown[]) => unknown;

/** Learns which procedure a request asks for, whatever adapter has brought it. */
export const trpcPatch: NonNullable<InstrumentationEntry['patch']> = ({ exports }) => {
  const { initTRPC } = exports as TrpcModule;
  return initTRPC === undefined ? 'none' : watchRouters(Object.getPrototypeOf(initTRPC) as Builder);
};

/** An ES module and a CommonJS module of one version may share it. */
const watched = new WeakSet<object>();

function watchRouters(builder: Builder): PatchOutcome['result'] {
  const { create } = builder;
  if (create === undefined) return 'unsupported';
  if (watched.has(builder)) return 'patched';
  watched.add(builder);
  const seen: typeof create = function (...args) {
    const root = create.apply(this, args);
    const { router } = root;
    const separator = root._config?.pathSeparator;
    root.router = (input) => router(followed(input, typeof separator === 'string' ? separator : '.') as Input);
    return root;
  };
  builder.create = Object.defineProperty(seen, 'name', { value: create.name });
  return 'patched';
}

/** Routers within have followed their own. */
function followed(input: unknown, separator: string): unknown {
  if (typeof input === 'function') return telling(input as Procedure, separator);
  if (typeof input !== 'object' || input === null || '_def' in input) return input;
  return Object.fromEntries(Object.entries(input).map(([name, value]) => [name, followed(value, separator)]));
}

/** A procedure has members that tRPC and programs read. */
function telling(procedure: Procedure, separator: string): Procedure {
  return new Proxy(procedure, {
    apply(target, self, args: Parameters<Procedure>) {
      const { path } = args[0] ?? {};
      if (typeof path === 'string') tell(path.replaceAll('.', separator));
      return Reflect.apply(target, self, args);
    },
  });
}

function tell(path: string): void {
  const request = requestHere();
  if (request !== undefined && isAskedFor(request.originalUrl ?? request.url ?? '', path)) tellProcedure(request, path);
}

/**
 * Not where the program calls it while it serves another request. Several calls in one request have a route where all of them are of one procedure: clients combine them as they like.
 */
function isAskedFor(url: string, path: string): boolean {
  const [first = '', ...others] = decoded(url.replace(/[?#].*$/s, '')).split(',');
  return first.endsWith(`/${path}`) && others.every((one) => one === path);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
