import { detachedText } from '../storable/detached-text.ts';
import type { Sanitizer } from '../storable/sanitizer.ts';

const mostRemembered = 1_024;
const longestRemembered = 256;

type Members = Map<string, Map<string, string>>;

/** What became of headers, by name and value: the same few come with nearly every request. A bounded number of them. */
const known = new WeakMap<Sanitizer, { readonly members: Members; count: number }>();

/** JSON of headers, of these names or all, redacted; `undefined` where there are none. The same as `sanitizer.json` makes of them. */
export function headersText(
  headers: Readonly<Record<string, unknown>>,
  sanitizer: Sanitizer,
  names: readonly string[] = Object.keys(headers),
): string | undefined {
  let text = '';
  for (const name of names) {
    const value = headers[name];
    if (value === undefined || !Object.hasOwn(headers, name)) continue;
    // Of such a pair one names the other, so they cannot be looked at one by one.
    if (name === 'value' || name === 'args') return sanitizer.json(only(headers, names));
    const member = memberText(name, value, sanitizer);
    if (member !== '') text += text === '' ? member : `,${member}`;
  }
  return text === '' ? undefined : `{${text}}`;
}

function only(headers: Readonly<Record<string, unknown>>, names: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(names.flatMap((name) => (Object.hasOwn(headers, name) ? [[name, headers[name]]] : [])));
}

function memberText(name: string, value: unknown, sanitizer: Sanitizer): string {
  if (typeof value !== 'string') return writtenMember(name, value, sanitizer);
  return known.get(sanitizer)?.members.get(name)?.get(value) ?? learn(name, value, sanitizer);
}

function learn(name: string, value: string, sanitizer: Sanitizer): string {
  const text = writtenMember(name, value, sanitizer);
  // What was redacted is not remembered, nor is what it was made from.
  if (value.length > longestRemembered || text !== JSON.stringify({ [name]: value }).slice(1, -1)) return text;
  let memory = known.get(sanitizer);
  if (memory === undefined || memory.count >= mostRemembered) {
    memory = { members: new Map(), count: 0 };
    known.set(sanitizer, memory);
  }
  let values = memory.members.get(name);
  if (values === undefined) {
    values = new Map();
    memory.members.set(name, values);
  }
  memory.count += 1;
  values.set(detachedText(value), text);
  return text;
}

function writtenMember(name: string, value: unknown, sanitizer: Sanitizer): string {
  return sanitizer.json({ [name]: value }).slice(1, -1);
}
