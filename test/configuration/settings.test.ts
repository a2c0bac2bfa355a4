import { describe, expect, it } from 'vitest';
import { parseConfigFile } from '../../src/configuration/config-file.ts';
import { type SettingKey, type Settings, settingKeys, settingTable } from '../../src/configuration/setting-table.ts';
import { resolveSettings } from '../../src/configuration/settings.ts';
import { SpanledgerError } from '../../src/domain/errors.ts';

interface Sample {
  /** Text in the environment and the value it stands for. */
  readonly text: string;
  readonly value: unknown;
  /** The same setting in the file, as YAML, and its value. */
  readonly yaml: string;
  readonly fileValue: unknown;
  readonly code: unknown;
  readonly wrong: string;
}

const samples: Record<SettingKey, Sample> = {
  databaseUrl: {
    text: 'postgres://a@one/db',
    value: 'postgres://a@one/db',
    yaml: 'postgres://a@two/db',
    fileValue: 'postgres://a@two/db',
    code: 'postgresql://a@three/db',
    wrong: 'mysql://a@one/db',
  },
  databasePassword: { text: 'one', value: 'one', yaml: 'two', fileValue: 'two', code: 'three', wrong: '' },
  schema: { text: 'one', value: 'one', yaml: 'two', fileValue: 'two', code: 'three', wrong: 'drop table;' },
  directory: { text: '/one', value: '/one', yaml: '/two', fileValue: '/two', code: '/three', wrong: '' },
  journalMaxBytes: {
    text: '2097152',
    value: 2_097_152,
    yaml: '3145728',
    fileValue: 3_145_728,
    code: 4_194_304,
    wrong: '12 lemons',
  },
  ship: { text: 'off', value: false, yaml: 'false', fileValue: false, code: false, wrong: 'maybe' },
  exitTimeoutMillis: { text: '11', value: 11, yaml: '12', fileValue: 12, code: 13, wrong: '-1' },
  progressEvery: { text: '11', value: 11, yaml: '12', fileValue: 12, code: 13, wrong: '0' },
  transitions: { text: 'SPAN', value: 'span', yaml: 'log', fileValue: 'log', code: 'span', wrong: 'smoke' },
  stepEvents: { text: 'off', value: false, yaml: 'false', fileValue: false, code: false, wrong: 'maybe' },
  instrument: { text: 'off', value: false, yaml: 'false', fileValue: false, code: false, wrong: 'maybe' },
  threads: { text: 'off', value: false, yaml: 'false', fileValue: false, code: false, wrong: 'maybe' },
  logLevel: { text: 'WARN', value: 'warning', yaml: 'ERROR', fileValue: 'error', code: 'debug', wrong: 'loud' },
  logFormat: { text: 'TEXT', value: 'text', yaml: 'text', fileValue: 'text', code: 'text', wrong: 'xml' },
  logFile: { text: 'a.log', value: 'a.log', yaml: 'b.log', fileValue: 'b.log', code: 'c.log', wrong: '' },
  logSignal: { text: 'SIGUSR2', value: 'sigusr2', yaml: 'sighup', fileValue: 'sighup', code: 'sighup', wrong: 'kill' },
  logRate: { text: '7', value: 7, yaml: '8', fileValue: 8, code: 0, wrong: '-1' },
  correlationHeader: { text: 'X-One', value: 'X-One', yaml: 'X-Two', fileValue: 'X-Two', code: 'none', wrong: 'a b' },
  requests: { text: 'all', value: 'all', yaml: 'none', fileValue: 'none', code: 'all', wrong: 'some' },
  requestHeaders: { text: 'a, b', value: ['a', 'b'], yaml: '[c]', fileValue: ['c'], code: ['d'], wrong: '' },
  requestBodies: { text: 'errors', value: 'errors', yaml: 'on', fileValue: 'on', code: 'on', wrong: 'some' },
  requestBodyMaxBytes: { text: '100', value: 100, yaml: '200', fileValue: 200, code: 300, wrong: '63' },
  requestBodiesExcept: { text: 'a, b', value: ['a', 'b'], yaml: '[c]', fileValue: ['c'], code: ['d'], wrong: '' },
  trustedProxies: {
    text: '10.0.0.0/8, loopback',
    value: ['10.0.0.0/8', 'loopback'],
    yaml: '["::1"]',
    fileValue: ['::1'],
    code: ['private'],
    wrong: '10.0.0.0/33',
  },
  userIdFrom: { text: 'a.b, c', value: ['a.b', 'c'], yaml: '[d]', fileValue: ['d'], code: ['e'], wrong: '' },
  jobData: { text: 'full', value: 'full', yaml: 'none', fileValue: 'none', code: 'keys', wrong: 'some' },
  jobContext: { text: 'data', value: 'data', yaml: 'none', fileValue: 'none', code: 'own', wrong: 'some' },
  watchdog: { text: 'off', value: false, yaml: 'false', fileValue: false, code: false, wrong: 'maybe' },
  watchdogThresholdMillis: { text: '500', value: 500, yaml: '600', fileValue: 600, code: 700, wrong: '99' },
  healthPort: { text: '9001', value: 9001, yaml: '9002', fileValue: 9002, code: 9003, wrong: '70000' },
  healthHost: { text: 'one', value: 'one', yaml: 'two', fileValue: 'two', code: 'three', wrong: '' },
  healthBlockedSeconds: { text: '11', value: 11, yaml: '12', fileValue: 12, code: 13, wrong: '0' },
  systemdNotify: { text: 'on', value: true, yaml: 'true', fileValue: true, code: true, wrong: 'maybe' },
  redactKeys: { text: 'a, b', value: ['a', 'b'], yaml: '[c]', fileValue: ['c'], code: ['d'], wrong: '' },
  redactPatterns: {
    text: 'a{1,2}\nCUST-\\d+',
    value: ['a{1,2}', 'CUST-\\d+'],
    yaml: '["c+"]',
    fileValue: ['c+'],
    code: ['d'],
    wrong: '(a',
  },
  redactPaths: { text: 'a.b, *.c', value: ['a.b', '*.c'], yaml: '[d]', fileValue: ['d'], code: ['e'], wrong: 'a..b' },
  retentionDays: { text: '11', value: 11, yaml: '12', fileValue: 12, code: 13, wrong: '1.5' },
  retentionSchedule: {
    text: 'Daily',
    value: 'daily',
    yaml: 'daily',
    fileValue: 'daily',
    code: 'daily',
    wrong: 'hourly',
  },
  retentionArchive: { text: '/one', value: '/one', yaml: '/two', fileValue: '/two', code: '/three', wrong: '' },
};

function yamlOf(key: SettingKey, value: string): string {
  const [last, ...sections] = settingTable[key].file.split('.').reverse();
  return sections.reduce((inner, name) => `${name}:\n  ${inner.replaceAll('\n', '\n  ')}`, `${last}: ${value}`);
}

function codeOf(key: SettingKey, value: unknown): Partial<Settings> {
  return { [key]: value };
}

describe.each(settingKeys)('the setting %s', (key) => {
  const sample = samples[key];
  const [variable] = settingTable[key].env;
  const file = parseConfigFile('/app/spanledger.yaml', yamlOf(key, sample.yaml));
  const environment = { [variable]: sample.text };

  it('has its default where nobody sets it', () => {
    const { settings, sources } = resolveSettings({});
    expect(settings[key]).toEqual(settingTable[key].fallback);
    expect(sources[key]).toEqual({ from: 'default' });
  });

  it('takes the file before the default', () => {
    const { settings, sources } = resolveSettings({ file });
    expect(settings[key]).toEqual(sample.fileValue);
    expect(sources[key]).toMatchObject({ from: 'file', file: '/app/spanledger.yaml' });
  });

  it('takes the environment before the file', () => {
    const { settings, sources, warnings } = resolveSettings({ file, environment });
    expect(settings[key]).toEqual(sample.value);
    expect(sources[key]).toEqual({ from: 'environment', name: variable });
    expect(warnings).toEqual([]);
  });

  it('takes the code before the environment', () => {
    const { settings, sources } = resolveSettings({ file, environment, code: codeOf(key, sample.code) });
    expect(settings[key]).toEqual(sample.code);
    expect(sources[key]).toEqual({ from: 'code' });
  });

  it('means the same in quotes', () => {
    for (const quote of ['"', "'"]) {
      const { settings } = resolveSettings({ environment: { [variable]: `${quote}${sample.text}${quote}` } });
      expect(settings[key]).toEqual(sample.value);
    }
  });

  it.runIf(sample.wrong !== '')(
    'passes over a mistake in the environment with one warning that names the variable',
    () => {
      const { settings, warnings } = resolveSettings({ file, environment: { [variable]: sample.wrong } });
      expect(settings[key]).toEqual(sample.fileValue);
      expect(warnings).toHaveLength(1);
      expect(warnings[0]?.variable).toBe(variable);
      expect(warnings[0]?.message).toContain(variable);
      expect(warnings[0]?.message).toContain(settingTable[key].kind.expected);
    },
  );

  it('throws at a mistake in code and names the setting', () => {
    const attempt = () => resolveSettings({ code: codeOf(key, Symbol.iterator) });
    expect(attempt).toThrow(SpanledgerError);
    expect(attempt).toThrow(key);
  });
});

describe('resolveSettings', () => {
  it('freezes what it returns, lists included', () => {
    const { settings, sources } = resolveSettings({ environment: { SPANLEDGER_REDACT_KEYS: 'a' } });
    expect(Object.isFrozen(settings)).toBe(true);
    expect(Object.isFrozen(settings.redactKeys)).toBe(true);
    expect(Object.isFrozen(sources.schema)).toBe(true);
  });

  it('takes SPANLEDGER_DATABASE_URL before DATABASE_URL', () => {
    const environment = { DATABASE_URL: 'postgres://app', SPANLEDGER_DATABASE_URL: 'postgres://ledger' };
    expect(resolveSettings({ environment }).settings.databaseUrl).toBe('postgres://ledger');
  });

  it('goes on to DATABASE_URL where SPANLEDGER_DATABASE_URL is wrong', () => {
    const environment = { DATABASE_URL: 'postgres://app', SPANLEDGER_DATABASE_URL: 'nonsense' };
    const { settings, warnings } = resolveSettings({ environment });
    expect(settings.databaseUrl).toBe('postgres://app');
    expect(warnings.map(({ variable }) => variable)).toEqual(['SPANLEDGER_DATABASE_URL']);
  });

  it('takes an empty variable as unset', () => {
    const { sources, warnings } = resolveSettings({ environment: { SPANLEDGER_SCHEMA: '', SPANLEDGER_DIR: '""' } });
    expect(sources.schema).toEqual({ from: 'default' });
    expect(sources.directory).toEqual({ from: 'default' });
    expect(warnings).toEqual([]);
  });

  it('warns of a name nobody reads and offers the nearest one', () => {
    const { warnings } = resolveSettings({
      environment: { SPANLEDGER_SHEMA: 'x', SPANLEDGER_QUUX_ZYXWV: 'y', PATH: '/' },
    });
    expect(warnings.map(({ variable }) => variable)).toEqual(['SPANLEDGER_SHEMA', 'SPANLEDGER_QUUX_ZYXWV']);
    expect(warnings[0]?.message).toContain('did you mean SPANLEDGER_SCHEMA?');
    expect(warnings[1]?.message).toContain('docs/configuration.md');
  });

  it('throws at a setting in code that does not exist and offers the nearest one', () => {
    const attempt = () => resolveSettings({ code: { shema: 'x' } as Partial<Settings> });
    expect(attempt).toThrow(/shema.*did you mean schema\?/);
  });

  it('never shows a secret in a warning or an error', () => {
    const environment = { SPANLEDGER_DATABASE_URL: 'mysql://root:hunter2@host/db' };
    expect(JSON.stringify(resolveSettings({ environment }).warnings)).not.toContain('hunter2');
    expect(() => resolveSettings({ code: { databaseUrl: 'mysql://root:hunter2@host/db' } })).not.toThrow(/hunter2/);
    expect(() => resolveSettings({ code: { databaseUrl: 'mysql://root:hunter2@host/db' } })).toThrow(/databaseUrl/);
  });

  it('accepts a URL that names a Unix socket', () => {
    const url = 'postgres://root@/ledger?host=/var/run/postgresql';
    expect(resolveSettings({ code: { databaseUrl: url } }).settings.databaseUrl).toBe(url);
  });

  it('accepts a URL that names several servers, and puts a password that was given apart into it', () => {
    const environment = {
      DATABASE_URL: 'postgres://app@one:5432,two:5433/ledger',
      SPANLEDGER_DATABASE_PASSWORD: 'a,b@c',
    };
    expect(resolveSettings({ environment }).settings.databaseUrl).toBe(
      'postgres://app:a%2Cb%40c@one:5432,two:5433/ledger',
    );
  });
});
