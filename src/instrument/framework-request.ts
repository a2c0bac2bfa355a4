/** What a framework has made of a request of Node.js, and how its route is read from that. */
interface Linked {
  [made]?: object;
  [routeOf]?: (framework: object) => string | undefined;
}

const made = Symbol('spanledger.framework-request');
const routeOf = Symbol('spanledger.framework-route');

/**
 * Remembers the request that a framework has made of one of Node.js.
 * @param readRoute asked when the request is over; absent where the framework leaves the route elsewhere
 */
export function linkFrameworkRequest<T extends object>(
  request: object,
  framework: T,
  readRoute?: (framework: T) => string | undefined,
): void {
  const linked = request as Linked;
  linked[made] = framework;
  if (readRoute !== undefined) linked[routeOf] = readRoute as (framework: object) => string | undefined;
}

/** The request that a framework has made of this one. */
export function frameworkRequestOf(request: object): object | undefined {
  return (request as Linked)[made];
}

/** The route of a request, where its framework is asked for it. Throws nothing: members of a framework may be replaced by the program. */
export function frameworkRouteOf(request: object): string | undefined {
  const { [made]: framework, [routeOf]: readRoute } = request as Linked;
  if (framework === undefined || readRoute === undefined) return undefined;
  try {
    const route: unknown = readRoute(framework);
    return typeof route === 'string' ? route : undefined;
  } catch {
    return undefined;
  }
}
