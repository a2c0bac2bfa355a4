import type { Sanitizer } from '../storable/sanitizer.ts';
import { hides } from '../storable/secret-keys.ts';
import { keyInList } from '../storable/secret-lists.ts';
import { redacted } from '../storable/secret-values.ts';

type Bag = Readonly<Record<string, unknown>>;

const deepest = 16;

/** The attributes redacted and storable; the same object where nothing had to be changed. */
export function redactedAttributes<T extends Bag>(attributes: T, sanitizer: Sanitizer): T {
  return redactedBag(attributes, sanitizer, 0) as T;
}

/** Any attribute value redacted and storable; the same value where nothing had to be changed. */
export function redactedValue(value: unknown, sanitizer: Sanitizer): unknown {
  return redactedAt(value, sanitizer, 0);
}

/** One attribute redacted and storable; the same value where nothing had to be changed. */
export function redactedAttribute(key: string, value: unknown, sanitizer: Sanitizer): unknown {
  return redactedMember(key, value, sanitizer, 0);
}

function redactedBag(bag: Bag, sanitizer: Sanitizer, depth: number): Bag {
  let changed: Record<string, unknown> | undefined;
  for (const key in bag) {
    const value = bag[key];
    const kept = redactedMember(key, value, sanitizer, depth);
    if (kept === value) continue;
    changed ??= { ...bag };
    changed[key] = kept;
  }
  return changed ?? bag;
}

function redactedMember(key: string, value: unknown, sanitizer: Sanitizer, depth: number): unknown {
  return hides(sanitizer.classify(key), value) ? redacted : redactedAt(value, sanitizer, depth);
}

function redactedAt(value: unknown, sanitizer: Sanitizer, depth: number): unknown {
  if (typeof value === 'string') return sanitizer.text(value);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (depth >= deepest) return '[too deep]';
  if (!Array.isArray(value)) return redactedBag(value as Bag, sanitizer, depth + 1);
  const kept = value.map((entry, index) =>
    isNamedSecret(value, index, sanitizer) ? redacted : redactedAt(entry, sanitizer, depth + 1),
  );
  return kept.every((entry, index) => entry === value[index]) ? value : kept;
}

/** Whether the member before says that this one is a secret, as in `process.command_args`. */
function isNamedSecret(list: readonly unknown[], index: number, sanitizer: Sanitizer): boolean {
  const name = index === 0 ? undefined : keyInList(list[index - 1], index - 1, list.length);
  return name !== undefined && hides(sanitizer.classify(name), list[index]);
}
