import type { JobDataKept } from './job.ts';

const mostKeys = 20;
const mostValues = 1_000;

/** What is recorded of the data of a job: nothing, the names of its members with its size, or all of it. Calls no code of the program. */
export function keptData(value: unknown, kept: JobDataKept): unknown {
  if (value === undefined || kept === 'none') return undefined;
  return kept === 'full' ? value : shapeOf(value);
}

/** Type, names of members and size of a value, and nothing that it holds. */
export function shapeOf(value: unknown): Readonly<Record<string, unknown>> {
  const size = sizeOf(value);
  if (typeof value !== 'object' || value === null) return { type: value === null ? 'null' : typeof value, ...size };
  if (Array.isArray(value)) return { type: 'list', entries: value.length, ...size };
  const keys = ownKeys(value);
  return {
    keys: keys.slice(0, mostKeys),
    ...(keys.length > mostKeys && { more_keys: keys.length - mostKeys }),
    ...size,
  };
}

/** Bytes of the value as JSON, nearly: a large one is not walked to its end. */
function sizeOf(value: unknown): { readonly bytes?: number; readonly more_than_bytes?: number } {
  const waiting: unknown[] = [value];
  let bytes = 0;
  for (let seen = 0; waiting.length > 0; seen += 1) {
    if (seen >= mostValues) return { more_than_bytes: bytes };
    const one = waiting.pop();
    if (typeof one !== 'object' || one === null) {
      bytes += bytesOf(one);
      continue;
    }
    const keys = Array.isArray(one) ? [] : ownKeys(one);
    const members = Array.isArray(one) ? one : keys.map((key) => memberOf(one, key));
    bytes += 2 + Math.max(0, members.length - 1);
    for (const key of keys) bytes += Buffer.byteLength(key) + 3;
    for (const member of members.slice(0, mostValues)) waiting.push(member);
    if (members.length > mostValues) return { more_than_bytes: bytes };
  }
  return { bytes };
}

function bytesOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value) + 2;
  return typeof value === 'number' || typeof value === 'boolean' || value === null ? String(value).length : 0;
}

function ownKeys(value: object): readonly string[] {
  try {
    return Object.keys(value);
  } catch {
    return [];
  }
}

/** Values only: a getter is code of the program. */
function memberOf(holder: object, key: string): unknown {
  try {
    return Reflect.getOwnPropertyDescriptor(holder, key)?.value;
  } catch {
    return undefined;
  }
}
