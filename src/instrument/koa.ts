/** Koa tells the route of a request by the span of its router; its other middleware is left alone. */
export function koaOptions(): Readonly<Record<string, unknown>> {
  return { ignoreLayersType: ['middleware'] };
}
