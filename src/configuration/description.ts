import { sanitizer } from '../storable/sanitizer.ts';
import { type Environment, environmentValue } from './environment.ts';
import { type SettingDefinition, type SettingKey, settingKeys, settingTable } from './setting-table.ts';
import type { Configuration, SettingSource } from './settings.ts';

/** One effective setting, fit to be shown. */
export interface DescribedSetting {
  readonly key: SettingKey;
  readonly value: string;
  /** `code`, the name of the variable, file and line, or `default`. */
  readonly source: string;
}

/** Every effective setting with its source; secrets are masked. */
export function describeSettings(configuration: Configuration): readonly DescribedSetting[] {
  return settingKeys.map((key) => ({
    key,
    value: shownValue(settingTable[key], configuration.settings[key]),
    source: shownSource(configuration.sources[key]),
  }));
}

/** One variable of OpenTelemetry that is set, fit to be shown. */
export interface DescribedVariable {
  readonly key: string;
  readonly value: string;
  readonly source: 'environment';
}

/** The `OTEL_*` variables that are set, by name; headers and whatever else is secret are masked. */
export function describeOtelVariables(environment: Environment): readonly DescribedVariable[] {
  const names = Object.keys(environment).filter((name) => name.startsWith('OTEL_'));
  return names.toSorted().flatMap((key) => {
    const value = environmentValue(environment, key);
    return value === undefined ? [] : [{ key, value: shownVariable(key, value), source: 'environment' as const }];
  });
}

function shownVariable(name: string, value: string): string {
  if (name.endsWith('_HEADERS')) return '***';
  return name.endsWith('_ENDPOINT') ? maskUrl(value) : sanitizer().text(value);
}

/** A connection URL with its password, and anything in its query, masked. */
export function maskUrl(url: string): string {
  const withoutQuery = url.replace(/\?.*$/s, '?…');
  return withoutQuery.replace(/^([^:]+:\/\/[^:/@]*):.*@/s, '$1:***@');
}

function shownValue(definition: SettingDefinition<unknown>, value: unknown): string {
  if (value === undefined) return 'unset';
  if (definition.secret === true) return definition.file.endsWith('url') ? maskUrl(String(value)) : '***';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(',');
  return String(value);
}

function shownSource(source: SettingSource): string {
  switch (source.from) {
    case 'environment':
      return source.name;
    case 'file':
      return `${source.file}:${source.line}`;
    default:
      return source.from;
  }
}
