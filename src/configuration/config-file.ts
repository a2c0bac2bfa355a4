import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import type { LineCounter, Node, Pair } from 'yaml';
import { SpanledgerError } from '../domain/errors.ts';
import type { FunctionRule } from '../instrument/function-rule.ts';
import { type Environment, environmentValue } from './environment.ts';
import { type PlacedValue, readFunctionRules } from './function-rules.ts';
import { nearestName } from './nearest-name.ts';
import { type SettingKey, settingKeys, settingTable } from './setting-table.ts';

/** A value of the configuration file and where it stands. Lines and columns count from 1. */
export interface FileValue {
  readonly value: unknown;
  readonly line: number;
  readonly column: number;
}

/** What a configuration file says, by setting. */
export interface ConfigFile {
  readonly path: string;
  readonly values: Readonly<Partial<Record<SettingKey, FileValue>>>;
  /** The entries of `instrument`: functions of the program that are recorded. */
  readonly functions: readonly FunctionRule[];
}

const standardName = 'spanledger.yaml';

// Loaded when there is a file to parse: the parser costs 40 ms of the start of every program that has none.
type Yaml = typeof import('yaml');
const loadYaml = (): Yaml => createRequire(import.meta.url)('yaml') as Yaml;

/**
 * Reads the file that `SPANLEDGER_CONFIG_FILE` names, or `spanledger.yaml` in `directory` if there is one.
 * @throws SpanledgerError CONFIG_FILE_INVALID with line and column: no YAML, a key nobody reads, a named file that is not there.
 */
export function loadConfigFile(environment: Environment, directory: string): ConfigFile | undefined {
  const named = environmentValue(environment, 'SPANLEDGER_CONFIG_FILE');
  const path = resolve(directory, named ?? standardName);
  try {
    return parseConfigFile(path, readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof SpanledgerError) throw error;
    if (named === undefined && isMissing(error)) return undefined;
    throw fault(path, error instanceof Error ? error.message : String(error), { line: 1, col: 1 }, error);
  }
}

/** Parses the text of a configuration file. @throws SpanledgerError CONFIG_FILE_INVALID */
export function parseConfigFile(path: string, source: string): ConfigFile {
  const yaml = loadYaml();
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const [problem] = document.errors;
  if (problem !== undefined) throw fault(path, problem.message, lines.linePos(problem.pos[0]), problem);
  const values: Partial<Record<SettingKey, FileValue>> = {};
  const reader: Reader = { yaml, path, lines, values, functions: [] };
  if (document.contents !== null) readSection(reader, document.contents, '');
  return { path, values, functions: reader.functions };
}

interface Reader {
  readonly yaml: Yaml;
  readonly path: string;
  readonly lines: LineCounter;
  readonly values: Partial<Record<SettingKey, FileValue>>;
  functions: readonly FunctionRule[];
}

/** The key of the list of functions. */
const functionsKey = 'instrument';

const keyByPath = new Map(settingKeys.map((key) => [settingTable[key].file, key]));
const sections = new Set([...keyByPath.keys()].flatMap(parentsOf));

function parentsOf(path: string): readonly string[] {
  const parts = path.split('.');
  return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join('.'));
}

function readSection(reader: Reader, node: Node, prefix: string): void {
  if (!reader.yaml.isMap(node)) {
    if (reader.yaml.isScalar(node) && node.value === null) return;
    throw fault(reader.path, `${prefix || 'the file'} must hold keys and values`, position(reader, node));
  }
  for (const pair of node.items) readPair(reader, pair as Pair<Node, Node | null>, prefix);
}

function readPair(reader: Reader, pair: Pair<Node, Node | null>, prefix: string): void {
  const path = [...(prefix === '' ? [] : [prefix]), String(pair.key)].join('.');
  if (sections.has(path)) {
    if (pair.value !== null) readSection(reader, pair.value, path);
    return;
  }
  if (path === functionsKey) {
    readFunctions(reader, pair.value);
    return;
  }
  const key = keyByPath.get(path);
  if (key === undefined) throw unknownKey(reader, pair, path);
  const value: unknown = pair.value?.toJSON() ?? undefined;
  if (value === undefined) return;
  const { line, col } = position(reader, pair.value ?? pair.key);
  reader.values[key] = { value, line, column: col };
}

function readFunctions(reader: Reader, node: Node | null): void {
  if (node === null || (reader.yaml.isScalar(node) && node.value === null)) return;
  reader.functions = readFunctionRules(placed(reader, node), reader.path, (why, { line, column }) => {
    throw fault(reader.path, why, { line, col: column });
  });
}

/** A node with everything below it, and where each of it stands. */
function placed(reader: Reader, node: Node): PlacedValue {
  const { line, col: column } = position(reader, node);
  const base = { value: node.toJSON() as unknown, line, column };
  if (reader.yaml.isSeq(node)) return { ...base, elements: node.items.map((item) => placed(reader, item as Node)) };
  if (!reader.yaml.isMap(node)) return base;
  const entries = node.items.map((item) => {
    const { key, value } = item as Pair<Node, Node | null>;
    const at = position(reader, key);
    return {
      key: String(key),
      keyAt: { line: at.line, column: at.col },
      value: value === null ? { value: undefined, line: at.line, column: at.col } : placed(reader, value),
    };
  });
  return { ...base, entries };
}

function unknownKey(reader: Reader, pair: Pair<Node, Node | null>, path: string): SpanledgerError {
  const nearest = nearestName(path, [...keyByPath.keys(), ...sections, functionsKey]);
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  return fault(reader.path, `nothing reads the key ${path}${hint}`, position(reader, pair.key));
}

function position(reader: Reader, node: Node): { line: number; col: number } {
  return reader.lines.linePos(node.range?.[0] ?? 0);
}

function fault(file: string, why: string, at: { line: number; col: number }, cause?: unknown): SpanledgerError {
  return new SpanledgerError('CONFIG_FILE_INVALID', { details: { file, why, line: at.line, column: at.col }, cause });
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
