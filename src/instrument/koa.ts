/** Koa tells the route of a request by the span of its router; its other middleware is left alone. */
export function koaOptions(): Readonly<Record<string, unknown>> {
  return { ignoreLayersType: ['middleware'] };
}

/** The slice of Koa that is mended, and what `@opentelemetry/instrumentation` keeps beside what it wraps. */
interface KoaClass {
  readonly prototype: { use: Use };
}

type Use = ((this: unknown, middleware: unknown, ...rest: unknown[]) => unknown) & { readonly __original?: Use };

/** The instrumentation asks what is no function for its router, before Koa can say that it should be one. */
export function mendKoa(exports: unknown): void {
  const { prototype } = exports as KoaClass;
  const recorded = prototype.use;
  const plain = recorded.__original;
  if (plain === undefined) return;
  const use: Use = function (middleware, ...rest) {
    return (typeof middleware === 'function' ? recorded : plain).call(this, middleware, ...rest);
  };
  prototype.use = Object.defineProperty(use, 'name', { value: plain.name });
}
