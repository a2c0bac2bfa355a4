import { describe, expect, it } from 'vitest';
import { parseConfigFile } from '../../src/configuration/config-file.ts';
import { describeOtelVariables, describeSettings, maskUrl } from '../../src/configuration/description.ts';
import { settingKeys } from '../../src/configuration/setting-table.ts';
import { resolveSettings } from '../../src/configuration/settings.ts';

describe('describeSettings', () => {
  it('lists every setting with value and source', () => {
    const file = parseConfigFile('/etc/spanledger.yaml', '\ndatabase:\n  schema: ledger\n');
    const described = describeSettings(
      resolveSettings({ file, environment: { SPANLEDGER_REDACT_KEYS: 'a,b' }, code: { directory: '/x' } }),
    );
    expect(described.map(({ key }) => key)).toEqual(settingKeys);
    expect(described).toContainEqual({ key: 'schema', value: 'ledger', source: '/etc/spanledger.yaml:3' });
    expect(described).toContainEqual({ key: 'redactKeys', value: 'a,b', source: 'SPANLEDGER_REDACT_KEYS' });
    expect(described).toContainEqual({ key: 'directory', value: '/x', source: 'code' });
    expect(described).toContainEqual({ key: 'databaseUrl', value: 'unset', source: 'default' });
  });

  it('masks passwords wherever they stand', () => {
    const environment = {
      DATABASE_URL: 'postgres://me:hunter2@db:5432/ledger?password=hunter3',
      SPANLEDGER_DATABASE_PASSWORD: 'hunter4',
    };
    const described = JSON.stringify(describeSettings(resolveSettings({ environment })));
    expect(described).not.toMatch(/hunter/);
    expect(described).toContain('postgres://me:***@db:5432/ledger');
  });
});

describe('describeOtelVariables', () => {
  it('lists what is set, without headers, credentials and tokens', () => {
    const environment = {
      OTEL_SERVICE_NAME: 'importer',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://me:hunter2@collector:4318?key=hunter3',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-tenant=hunter4',
      OTEL_RESOURCE_ATTRIBUTES: 'app.token=hunter5,app.name=x',
      OTEL_TRACES_SAMPLER: '',
      OTHER: 'x',
    };
    const described = describeOtelVariables(environment);
    expect(described.map(({ key }) => key)).toEqual([
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'OTEL_EXPORTER_OTLP_TRACES_HEADERS',
      'OTEL_RESOURCE_ATTRIBUTES',
      'OTEL_SERVICE_NAME',
    ]);
    expect(JSON.stringify(described)).not.toContain('hunter');
    expect(described.at(-1)).toEqual({ key: 'OTEL_SERVICE_NAME', value: 'importer', source: 'environment' });
  });
});

describe('maskUrl', () => {
  it.each([
    ['postgres://me:p@ss:w/ord@host/db', 'postgres://me:***@host/db'],
    ['postgres://me@host/db', 'postgres://me@host/db'],
    ['postgres://host/db?sslmode=require&password=x', 'postgres://host/db?…'],
  ])('shows %s as %s', (url, shown) => {
    expect(maskUrl(url)).toBe(shown);
  });
});

describe('the database password', () => {
  const settle = (url: string | undefined) =>
    resolveSettings({ code: { databaseUrl: url, databasePassword: 'a/b@c' } }).settings.databaseUrl;

  it('goes into a URL that has a user and none', () => {
    expect(settle('postgres://me@host/db')).toBe('postgres://me:a%2Fb%40c@host/db');
  });

  it('leaves a password in the URL alone', () => {
    expect(settle('postgres://me:x@host/db')).toBe('postgres://me:x@host/db');
  });

  it('makes no URL where there is none', () => {
    expect(settle(undefined)).toBeUndefined();
  });
});
