import { propagation } from '@opentelemetry/api';

/** Of these there may be one only, and ours tells of the span that is there; of `baggage` there may be several. */
const replaced: ReadonlySet<string> = new Set(['traceparent', 'tracestate', 'b3', 'baggage']);

/** Whether a header that the program sets itself stays in place of ours, as a correlation id does. */
export function staysAsItIs(name: string): boolean {
  return !replaced.has(name) && !name.startsWith('x-b3-') && propagation.fields().includes(name);
}

/** The slice of a request of undici that is used. `headers` is a flat list, a text before undici 6. */
export interface UndiciRequest {
  readonly headers?: unknown;
  addHeader?(name: string, value: string): unknown;
}

/** Called before headers are added to a request of undici: where the program has set such a header itself, there would be two. */
export function keepOwnHeaders(request: UndiciRequest): void {
  const { headers } = request;
  if (!Array.isArray(headers) || typeof request.addHeader !== 'function') return;
  const list: unknown[] = headers;
  const add = request.addHeader.bind(request);
  const at = (name: string) => list.findIndex((entry, index) => index % 2 === 0 && isNamed(entry, name));
  if (!propagation.fields().some((name) => at(name) >= 0)) return;
  request.addHeader = (name, value) => {
    const index = at(name);
    if (index >= 0 && staysAsItIs(name)) return request;
    if (index < 0 || name === 'baggage') return add(name, value);
    list[index + 1] = value;
    return request;
  };
}

/** Headers as the program gave them, on options on their way through an instrumentation. */
const given = Symbol('spanledger.given-headers');

interface Options {
  readonly headers?: unknown;
  readonly [given]?: unknown;
}

/**
 * Options of a call for an instrumentation that takes headers for an object: a list would become headers named `0`, `1` and so on.
 * {@link withGivenHeaders} puts them right again.
 */
export function rememberingHeaders(argument: unknown): unknown {
  if (typeof argument !== 'object' || argument === null || argument instanceof URL) return argument;
  const { headers } = argument as Options;
  if (Array.isArray(headers)) return { ...argument, headers: {}, [given]: headers };
  if (typeof headers !== 'object' || headers === null) return argument;
  return Object.keys(headers).some((name) => staysAsItIs(name.toLowerCase()))
    ? { ...argument, [given]: headers }
    : argument;
}

/** The options with the headers of the program and with those that the instrumentation has added. */
export function withGivenHeaders(argument: unknown): unknown {
  if (typeof argument !== 'object' || argument === null) return argument;
  const { [given]: headers } = argument as Options;
  if (typeof headers !== 'object' || headers === null) return argument;
  const added = (argument as Options).headers as Readonly<Record<string, unknown>>;
  return { ...argument, headers: Array.isArray(headers) ? listWith(headers, added) : objectWith(headers, added) };
}

function listWith(list: readonly unknown[], added: Readonly<Record<string, unknown>>): unknown[] {
  const flat = list.flatMap((entry): readonly unknown[] => (Array.isArray(entry) ? entry.slice(0, 2) : [entry]));
  const kept: unknown[] = [];
  const own = new Set<string>();
  for (let index = 0; index < flat.length; index += 2) {
    const name = String(flat[index]).toLowerCase();
    if (name in added && !staysAsItIs(name)) continue;
    own.add(name);
    kept.push(flat[index], flat[index + 1]);
  }
  return [...kept, ...Object.entries(added).flatMap((entry) => (own.has(entry[0]) ? [] : entry))];
}

function objectWith(headers: object, added: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const own = Object.entries(headers).filter(([name]) => staysAsItIs(name.toLowerCase()));
  const names = new Set(own.map(([name]) => name.toLowerCase()));
  const others = Object.entries(added).filter(([name]) => !names.has(name.toLowerCase()));
  return Object.fromEntries([...others, ...own]);
}

function isNamed(entry: unknown, name: string): boolean {
  return typeof entry === 'string' && entry.length === name.length && entry.toLowerCase() === name;
}
