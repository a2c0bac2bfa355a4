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

/** A connection URL with its password, and anything in its query, masked. */
export function maskUrl(url: string): string {
  const withoutQuery = url.replace(/\?.*$/s, '?…');
  return withoutQuery.replace(/^([^:]+:\/\/[^:/@]*):.*@/s, '$1:***@');
}

function shownValue(definition: SettingDefinition<unknown>, value: unknown): string {
  if (value === undefined) return 'unset';
  if (definition.secret === true) return definition.file.endsWith('url') ? maskUrl(String(value)) : '***';
  return Array.isArray(value) ? value.join(',') : String(value);
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
