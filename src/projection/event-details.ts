import { detachedText } from '../storable/detached-text.ts';
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
  [attribute.logger, 'logger'],
]);

/** Attributes without a column: names inside details and values, in turns. */
export type Leftovers = unknown[];

/** Adds an attribute to the leftovers, making them where it is the first. */
export function withLeftover(leftovers: Leftovers | undefined, name: string, value: unknown): Leftovers {
  const detailName = detailNames.get(name) ?? name;
  if (leftovers === undefined) return [detailName, value];
  leftovers.push(detailName, value);
  return leftovers;
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
  if (details === undefined || details === '{}') return jsonOf(leftovers, sanitizer);
  const isObject = details.startsWith('{');
  const missing = isObject ? withoutTold(leftovers, details) : leftovers;
  if (missing.length === 0) return details;
  const rest = jsonOf(missing, sanitizer);
  // Attributes without a value leave nothing.
  if (rest === '{}') return details;
  return isObject ? `${details.slice(0, -1)},${rest.slice(1)}` : `{"details":${details},${rest.slice(1)}`;
}

function withoutTold(leftovers: Leftovers, details: string): Leftovers {
  const missing: Leftovers = [];
  for (let index = 0; index < leftovers.length; index += 2) {
    if (!isTold(details, String(leftovers[index]))) missing.push(leftovers[index], leftovers[index + 1]);
  }
  return missing;
}

/** A member of that name may be one of a member: only where the text is found is it worth a closer look. */
function isTold(details: string, name: string): boolean {
  return details.includes(`"${name}":`) && Object.hasOwn(JSON.parse(details) as object, name);
}

function jsonOf(leftovers: Leftovers, sanitizer: Sanitizer): string {
  if (leftovers.length === 2) return singleJson(String(leftovers[0]), leftovers[1], sanitizer);
  const record: Record<string, unknown> = Object.create(null);
  for (let index = 0; index < leftovers.length; index += 2) record[String(leftovers[index])] = leftovers[index + 1];
  return sanitizer.json(record);
}

const mostRemembered = 256;
const longestRemembered = 64;
/** Objects of one member that were written before, by name and value: few attributes without a column have many values. */
const remembered = new Map<string, Map<unknown, string>>();
let rememberedBy: Sanitizer | undefined;

function singleJson(name: string, value: unknown, sanitizer: Sanitizer): string {
  if (rememberedBy !== sanitizer) remembered.clear();
  rememberedBy = sanitizer;
  const known = remembered.get(name)?.get(value);
  if (known !== undefined) return known;
  const json = sanitizer.json({ [name]: value });
  if (isWorthRemembering(name, value) && json === `{${JSON.stringify(name)}:${JSON.stringify(value)}}`) {
    remember(name, value, json);
  }
  return json;
}

/** What was changed is not remembered, since each change is counted. */
function isWorthRemembering(name: string, value: unknown): boolean {
  if (name.length > longestRemembered) return false;
  return typeof value === 'boolean' || (typeof value === 'string' && value.length <= longestRemembered);
}

function remember(name: string, value: unknown, json: string): void {
  if (remembered.size >= mostRemembered) remembered.clear();
  const values = remembered.get(name) ?? new Map<unknown, string>();
  if (values.size >= mostRemembered) values.clear();
  remembered.set(detachedText(name), values.set(typeof value === 'string' ? detachedText(value) : value, json));
}
