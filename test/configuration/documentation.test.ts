import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
// @ts-expect-error: a script without types
import { configurationPage } from '../../scripts/docs/configuration.js';
import { parseConfigFile } from '../../src/configuration/config-file.ts';
import { functionFields } from '../../src/configuration/function-fields.ts';
import { settingKeys, settingTable } from '../../src/configuration/setting-table.ts';
import { resolveSettings } from '../../src/configuration/settings.ts';

const root = join(import.meta.dirname, '..', '..');
const page = readFileSync(join(root, 'docs', 'configuration.md'), 'utf8');

describe('docs/configuration.md', () => {
  it('is what the table of settings says; `npm run docs` writes it', () => {
    expect(page).toBe(configurationPage(settingTable, functionFields));
  });

  it('names only variables that something reads', () => {
    const known = [...settingKeys.flatMap((key) => settingTable[key].env), 'SPANLEDGER_CONFIG_FILE'];
    const errorCodes = ['SPANLEDGER_SETTING_INVALID', 'SPANLEDGER_CONFIG_FILE_INVALID'];
    const named = new Set(page.match(/SPANLEDGER_[A-Z_]+[A-Z]/g));
    expect([...named].filter((name) => !known.includes(name) && !errorCodes.includes(name))).toEqual([]);
  });

  it('shows a file that can be used as it stands and changes nothing', () => {
    const [, sample] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    const file = parseConfigFile('spanledger.yaml', sample ?? 'missing');
    expect(resolveSettings({ file }).settings).toEqual(resolveSettings({}).settings);
  });
});

describe('every setting', () => {
  it.each(settingKeys.filter((key) => key !== 'databasePassword'))('%s is read outside of src/configuration', (key) => {
    expect(sources().some((text) => new RegExp(`settings\\.${key}\\b`).test(text))).toBe(true);
  });
});

function sources(): readonly string[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.startsWith('configuration'))
    .map((path) => readFileSync(join(root, 'src', path), 'utf8'));
}
