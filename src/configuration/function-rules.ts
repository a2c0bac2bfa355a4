import { dirname } from 'node:path';
import type { FunctionRule } from '../instrument/function-rule.ts';
import { parseModulePattern } from '../instrument/module-pattern.ts';
import { type FunctionField, functionFields, type Read } from './function-fields.ts';
import { nearestName } from './nearest-name.ts';

/** A value of the file, with its place and that of each key, whatever parser it comes from. */
export interface PlacedValue {
  readonly value: unknown;
  readonly line: number;
  readonly column: number;
  /** Entries of a mapping, in order. */
  readonly entries?: readonly { readonly key: string; readonly keyAt: Place; readonly value: PlacedValue }[];
  /** Elements of a list. */
  readonly elements?: readonly PlacedValue[];
}

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Says what is wrong, and where. */
export type Refuse = (why: string, at: Place) => never;

/** The entries of `instrument`. @param file absolute path of the configuration file, which paths are relative to */
export function readFunctionRules(list: PlacedValue, file: string, refuse: Refuse): readonly FunctionRule[] {
  if (list.elements === undefined) return refuse('instrument must be a list; begin each entry with a hyphen', list);
  return list.elements.map((entry) => readRule(entry, file, refuse));
}

function readRule(entry: PlacedValue, file: string, refuse: Refuse): FunctionRule {
  if (entry.entries === undefined)
    return refuse('an entry of instrument must hold keys such as module, export and as', entry);
  const found = new Map(entry.entries.map((one) => [one.key, one.value]));
  const lines = Object.fromEntries(entry.entries.map(({ key, value }) => [toName(key), value.line]));
  const read: Record<string, unknown> = {};
  for (const { key, keyAt, value } of entry.entries) read[toName(key)] = readField(key, keyAt, value, refuse);
  for (const [name, field] of Object.entries<FunctionField>(functionFields)) {
    if (field.isRequired === true && !found.has(name))
      refuse(`this entry of instrument has no ${name}: ${field.kind.takes}`, entry);
  }
  const { module, export: exports, ...rest } = read;
  const moduleAt = found.get('module') ?? entry;
  const pattern = parseModulePattern(String(module), dirname(file));
  if ('why' in pattern) return refuse(`module: ${pattern.why}`, moduleAt);
  const rule = {
    ...rest,
    module: pattern,
    exports,
    place: { file, line: entry.line },
    lines,
  } as unknown as FunctionRule;
  refuseForeignFields(rule, entry, refuse);
  return rule;
}

function readField(key: string, keyAt: Place, value: PlacedValue, refuse: Refuse): unknown {
  const field = (functionFields as Readonly<Record<string, FunctionField>>)[key];
  if (field === undefined) {
    const nearest = nearestName(key, Object.keys(functionFields));
    const hint =
      nearest === undefined ? `it has ${Object.keys(functionFields).join(', ')}` : `did you mean ${nearest}?`;
    return refuse(`nothing reads the key ${key} of an entry of instrument; ${hint}`, keyAt);
  }
  const read: Read = field.kind.read(value.value);
  return 'why' in read ? refuse(`${key}: ${read.why}`, value) : read.value;
}

function refuseForeignFields(rule: FunctionRule, entry: PlacedValue, refuse: Refuse): void {
  for (const { key, keyAt } of entry.entries ?? []) {
    const { roles } = (functionFields as Readonly<Record<string, FunctionField>>)[key] ?? {};
    if (roles === undefined || roles.includes(rule.as)) continue;
    refuse(`${key} is for ${roles.join(', ')}, and this is recorded as ${rule.as}`, keyAt);
  }
}

/** `file_path` as the program names it. */
function toName(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
