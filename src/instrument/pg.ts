/** Queries, with their text and without their parameters; that a pool opens a connection is no news. */
export function pgOptions(): Readonly<Record<string, unknown>> {
  return { ignoreConnectSpans: true };
}
