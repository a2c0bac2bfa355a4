import type { Sanitizer } from '../storable/sanitizer.ts';
import { attribute } from '../telemetry/conventions.ts';

/** Names that known attributes have inside details; any other keeps its own. */
const detailNames: ReadonlyMap<string, string> = new Map([
  [attribute.auto, 'auto'],
  [attribute.forced, 'forced'],
  [attribute.actor, 'actor'],
  [attribute.errorCategory, 'category'],
  [attribute.outcome, 'status'],
  [attribute.partial, 'partial'],
  [attribute.filePath, 'file_path'],
  [attribute.fileSize, 'file_size'],
  [attribute.fileName, 'original_filename'],
  [attribute.mimeType, 'mime_type'],
  [attribute.sha256, 'sha256'],
  [attribute.lockedBy, 'locked_by'],
]);

/** Attributes without a column, by their names inside details. */
export type Leftovers = Record<string, unknown>;

/** Adds an attribute to the leftovers, making them where it is the first. */
export function withLeftover(leftovers: Leftovers | undefined, name: string, value: unknown): Leftovers {
  const record: Leftovers = leftovers ?? Object.create(null);
  record[detailNames.get(name) ?? name] = value;
  return record;
}

/**
 * Details with the attributes that have no column. Where the details tell the same under the same name, theirs stays.
 * Details that are no object become its member `details`.
 */
export function mergeDetails(
  details: string | undefined,
  leftovers: Leftovers | undefined,
  sanitizer: Sanitizer,
): string | undefined {
  if (leftovers === undefined) return details;
  if (details === undefined || details === '{}') return sanitizer.json(leftovers);
  const isObject = details.startsWith('{');
  const missing: Leftovers = Object.create(null);
  let some = false;
  for (const name in leftovers) {
    if (isObject && details.includes(`"${name}":`)) continue;
    missing[name] = leftovers[name];
    some = true;
  }
  if (!some) return details;
  const rest = sanitizer.json(missing);
  return isObject ? `${details.slice(0, -1)},${rest.slice(1)}` : `{"details":${details},${rest.slice(1)}`;
}
