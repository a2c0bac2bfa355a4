/** Headers as a program gives them to a request of http2: by name, or as a list of names and values. */
export type RequestHeaders = Readonly<Record<string, unknown>> | readonly unknown[];

/** Whether a program may give this as headers; for what else it gives, Node.js has words of its own. */
export function isHeaders(given: unknown): given is RequestHeaders | undefined {
  return given === undefined || (typeof given === 'object' && given !== null);
}

/** The first value of a header, whatever case its name has. */
export function headerIn(headers: RequestHeaders | undefined, wanted: string): string | undefined {
  if (headers === undefined) return undefined;
  for (const [name, value] of pairs(headers)) {
    if (name.toLowerCase() === wanted && value !== undefined) return String(Array.isArray(value) ? value[0] : value);
  }
  return undefined;
}

/** Headers with others in the place of those of the same names; what Node.js knows by symbols stays. */
export function withHeaders(
  headers: RequestHeaders | undefined,
  added: Readonly<Record<string, string>>,
): RequestHeaders {
  if (isList(headers)) {
    const kept = [...pairs(headers)].filter(([name]) => added[name.toLowerCase()] === undefined);
    return [...kept.flat(), ...Object.entries(added).flat()];
  }
  const all: Record<string, unknown> = { ...headers };
  for (const name of Object.keys(all)) if (added[name.toLowerCase()] !== undefined) delete all[name];
  return Object.assign(all, added);
}

function isList(headers: RequestHeaders | undefined): headers is readonly unknown[] {
  return Array.isArray(headers);
}

function* pairs(headers: RequestHeaders): Generator<readonly [string, unknown]> {
  if (!isList(headers)) return yield* Object.entries(headers);
  for (let index = 0; index + 1 < headers.length; index += 2) yield [String(headers[index]), headers[index + 1]];
}
