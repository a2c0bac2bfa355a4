import { SpanledgerError } from '../domain/errors.ts';
import type { FunctionRule } from '../instrument/function-rule.ts';
import { sanitizer } from '../storable/sanitizer.ts';
import { type ConfigFile, type FileValue, loadConfigFile } from './config-file.ts';
import { withPassword } from './database-url.ts';
import {
  type Environment,
  environmentValue,
  processEnvironment,
  startReportVariable,
  supervisorVariable,
} from './environment.ts';
import { nearestName } from './nearest-name.ts';
import { type SettingDefinition, type SettingKey, type Settings, settingKeys, settingTable } from './setting-table.ts';

/** Where the value of a setting comes from. */
export type SettingSource =
  | { readonly from: 'code' }
  | { readonly from: 'environment'; readonly name: string }
  | { readonly from: 'file'; readonly file: string; readonly line: number }
  | { readonly from: 'default' };

/** The effective settings, each with its source, and what was wrong in the environment. */
export interface Configuration {
  readonly settings: Settings;
  readonly sources: Readonly<Record<SettingKey, SettingSource>>;
  /** Mistakes in the environment. Each was passed over; whoever resolves decides how loudly to say so. */
  readonly warnings: readonly SettingWarning[];
  /** Functions of the program that are recorded, as the file says; nothing else can say it. */
  readonly functions: readonly FunctionRule[];
}

/** A mistake in the environment that was passed over. */
export interface SettingWarning {
  readonly variable: string;
  readonly message: string;
}

/** What there is to resolve from, strongest first. */
export interface SettingInputs {
  readonly code?: Partial<Settings>;
  readonly environment?: Environment;
  readonly file?: ConfigFile | undefined;
}

/** Variables that are read before the settings are. */
const otherVariables = ['SPANLEDGER_CONFIG_FILE', startReportVariable, supervisorVariable];

/**
 * Loads the settings of this process: code, then environment, then the configuration file, then the defaults.
 * @throws SpanledgerError SETTING_INVALID for a mistake in `code`, CONFIG_FILE_INVALID for one in the file.
 */
export function loadSettings(
  code: Partial<Settings> = {},
  environment: Environment = processEnvironment(),
): Configuration {
  return resolveSettings({ code, environment, file: loadConfigFile(environment, process.cwd()) });
}

/** Resolves `code ?? environment ?? file ?? default` for every setting. Reads nothing but its argument. */
export function resolveSettings(inputs: SettingInputs): Configuration {
  const environment = inputs.environment ?? {};
  const warnings: SettingWarning[] = unknownVariables(environment);
  refuseUnknownCode(inputs.code);
  const found = settingKeys.map((key) => [key, resolveOne(key, inputs, warnings)] as const);
  const settings = withPassword(Object.fromEntries(found.map(([key, { value }]) => [key, freeze(value)])));
  const sources = Object.fromEntries(found.map(([key, { source }]) => [key, Object.freeze(source)]));
  return Object.freeze({
    settings: Object.freeze(settings) as unknown as Settings,
    sources: Object.freeze(sources) as Record<SettingKey, SettingSource>,
    warnings: Object.freeze(warnings),
    functions: Object.freeze([...(inputs.file?.functions ?? [])]),
  });
}

interface Resolved {
  readonly value: unknown;
  readonly source: SettingSource;
}

function resolveOne(key: SettingKey, inputs: SettingInputs, warnings: SettingWarning[]): Resolved {
  return (
    fromCode(key, inputs.code) ??
    fromEnvironment(key, inputs.environment ?? {}, warnings) ??
    fromFile(key, inputs.file) ?? { value: settingTable[key].fallback, source: { from: 'default' } }
  );
}

function fromCode(key: SettingKey, code: Partial<Settings> | undefined): Resolved | undefined {
  const given: unknown = code?.[key];
  if (given === undefined) return undefined;
  const definition: SettingDefinition<unknown> = settingTable[key];
  const checked = definition.kind.check(given);
  if (checked.ok) return { value: checked.value, source: { from: 'code' } };
  throw mistake(definition, 'The program', key, given, checked.why);
}

function fromEnvironment(key: SettingKey, environment: Environment, warnings: SettingWarning[]): Resolved | undefined {
  const definition: SettingDefinition<unknown> = settingTable[key];
  for (const name of definition.env) {
    const given = environmentValue(environment, name);
    if (given === undefined) continue;
    const checked = definition.kind.check(definition.kind.fromText(given));
    if (checked.ok) return { value: checked.value, source: { from: 'environment', name } };
    const { message } = mistake(definition, 'The environment', name, given, checked.why);
    warnings.push({ variable: name, message: `${message} It is passed over.` });
  }
  return undefined;
}

function fromFile(key: SettingKey, file: ConfigFile | undefined): Resolved | undefined {
  const given = file?.values[key];
  if (file === undefined || given === undefined) return undefined;
  const definition: SettingDefinition<unknown> = settingTable[key];
  const checked = definition.kind.check(given.value);
  if (checked.ok) return { value: checked.value, source: { from: 'file', file: file.path, line: given.line } };
  throw fileMistake(definition, file.path, given, checked.why);
}

function fileMistake(
  definition: SettingDefinition<unknown>,
  file: string,
  given: FileValue,
  reason: string | undefined,
): SpanledgerError {
  const expected = expectedText(definition, reason);
  const why = `${definition.file} is ${shown(definition, given.value)}, which is not ${expected}`;
  return new SpanledgerError('CONFIG_FILE_INVALID', {
    details: { file, why, line: given.line, column: given.column },
  });
}

function mistake(
  definition: SettingDefinition<unknown>,
  source: string,
  name: string,
  value: unknown,
  reason: string | undefined,
): SpanledgerError {
  const expected = expectedText(definition, reason);
  return new SpanledgerError('SETTING_INVALID', {
    details: { source, name, value: shown(definition, value), expected },
  });
}

function expectedText({ kind }: SettingDefinition<unknown>, reason: string | undefined): string {
  return reason === undefined ? kind.expected : `${kind.expected}; ${reason}`;
}

/** A secret may stand where none belongs, such as a URL in place of a schema. */
function shown(definition: SettingDefinition<unknown>, value: unknown): string {
  if (definition.secret === true) return 'a value that is not shown';
  return sanitizer().json(value);
}

function refuseUnknownCode(code: Partial<Settings> | undefined): void {
  const known: readonly string[] = settingKeys;
  const unknown = Object.keys(code ?? {}).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const nearest = nearestName(unknown, known);
  const expected = `a setting${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
  throw new SpanledgerError('SETTING_INVALID', {
    details: { source: 'The program', name: unknown, value: 'a value', expected },
  });
}

function unknownVariables(environment: Environment): SettingWarning[] {
  const known = [...settingKeys.flatMap((key) => settingTable[key].env), ...otherVariables];
  return Object.keys(environment)
    .filter((name) => name.startsWith('SPANLEDGER_') && !known.includes(name))
    .map((variable) => {
      const nearest = nearestName(variable, known);
      const hint = nearest === undefined ? 'docs/configuration.md lists all names' : `did you mean ${nearest}?`;
      return { variable, message: `Nothing reads the environment variable ${variable}; ${hint}` };
    });
}

function freeze(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? Object.freeze(value) : value;
}
