/** What a path can begin at. */
export type PathRoot = 'args' | 'this' | 'result';

/** Where a value is found in a call: `args[0].id`, `this.name`, `result.count`. */
export interface ValuePath {
  readonly text: string;
  readonly root: PathRoot;
  readonly keys: readonly string[];
}

/** A text with places in it: `nightly-{args[0].day}`. A lone path is one part, and keeps the type of its value. */
export interface Template {
  readonly text: string;
  readonly parts: readonly (string | ValuePath)[];
}

/** One call of a function, as far as it is known. */
export interface CallFacts {
  readonly args: readonly unknown[];
  readonly this: unknown;
  readonly result?: unknown;
}

const key = /\.([A-Za-z_$][\w$]*)|\[(?:(\d+)|"([^"]+)"|'([^']+)')\]/y;

/** The path that a text is; `undefined` where it is none. */
export function parseValuePath(text: string): ValuePath | undefined {
  const root = /^(args|this|result)(?=$|[.[])/.exec(text)?.[1];
  if (root === undefined) return undefined;
  const keys: string[] = [];
  key.lastIndex = root.length;
  while (key.lastIndex < text.length) {
    const match = key.exec(text);
    if (match === null) return undefined;
    keys.push(match.slice(1).find((part) => part !== undefined) ?? '');
  }
  return { text, root: root as PathRoot, keys };
}

const meansPath = /^(?:args?|arguments|params?|this|self|results?|res|returns?)\b\s*[.[]/;

/** A text, a path, or a text with paths in braces. */
export function parseTemplate(text: string): Template | { readonly why: string } {
  const path = parseValuePath(text);
  if (path !== undefined) return { text, parts: [path] };
  if (meansPath.test(text)) return { why: noPath(text) };
  const parts: (string | ValuePath)[] = [];
  let at = 0;
  for (const match of text.matchAll(/\{([^{}]*)\}/g)) {
    const inner = parseValuePath((match[1] ?? '').trim());
    if (inner === undefined) return { why: noPath(match[1] ?? '') };
    if (match.index > at) parts.push(text.slice(at, match.index));
    parts.push(inner);
    at = match.index + match[0].length;
  }
  if (at < text.length) parts.push(text.slice(at));
  return { text, parts };
}

/** Why a text is no path. */
export function noPath(text: string): string {
  return `${text} is no path; paths begin with args, this or result, such as args[0].id, this.name or result.count`;
}

/** The paths in a template. */
export function pathsOf({ parts }: Template): readonly ValuePath[] {
  return parts.filter((part) => typeof part !== 'string');
}

/** The value at a path; `undefined` where there is none. Members of a program may be getters that throw. */
export function readPath({ root, keys }: ValuePath, facts: CallFacts): unknown {
  try {
    let value: unknown = facts[root];
    for (const name of keys) {
      if (value === undefined || value === null) return undefined;
      value = (Object(value) as Readonly<Record<string, unknown>>)[name];
    }
    return value;
  } catch {
    return undefined;
  }
}

/** What a template comes to; `undefined` where one of its paths gives nothing. */
export function fill({ parts }: Template, facts: CallFacts): unknown {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined && typeof first !== 'string') return readPath(first, facts);
  let text = '';
  for (const part of parts) {
    const value = typeof part === 'string' ? part : textOf(readPath(part, facts));
    if (value === undefined) return undefined;
    text += value;
  }
  return text;
}

/** A value as the text of an id or a name; `undefined` where it has none. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  return value instanceof URL ? value.href : undefined;
}

/** A value as a number of pieces: a number, or the length of a list, a set or a map. */
export function countOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? value : undefined;
  if (Array.isArray(value)) return value.length;
  return value instanceof Set || value instanceof Map ? value.size : undefined;
}
