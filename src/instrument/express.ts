/**
 * Express tells the route of a request, and nothing else: a span for every middleware of every request costs more than all the rest and
 * says little.
 */
export function expressOptions(): Readonly<Record<string, unknown>> {
  return { ignoreLayersType: ['middleware', 'router', 'request_handler'] };
}
