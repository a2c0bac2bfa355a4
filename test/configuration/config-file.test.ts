import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfigFile, parseConfigFile } from '../../src/configuration/config-file.ts';
import { resolveSettings } from '../../src/configuration/settings.ts';
import { SpanledgerError } from '../../src/domain/errors.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'spanledger-config-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function faultOf(action: () => unknown): SpanledgerError {
  try {
    action();
  } catch (error) {
    if (error instanceof SpanledgerError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('loadConfigFile', () => {
  it('finds spanledger.yaml in the working directory', () => {
    writeFileSync(join(directory, 'spanledger.yaml'), 'database:\n  schema: ledger\n');
    const file = loadConfigFile({}, directory);
    expect(resolveSettings({ file }).settings.schema).toBe('ledger');
  });

  it('returns nothing where there is no file', () => {
    expect(loadConfigFile({}, directory)).toBeUndefined();
  });

  it('prefers the file that SPANLEDGER_CONFIG_FILE names', () => {
    writeFileSync(join(directory, 'spanledger.yaml'), 'transitions: span\n');
    writeFileSync(join(directory, 'other.yaml'), 'transitions: log\n');
    const file = loadConfigFile({ SPANLEDGER_CONFIG_FILE: 'other.yaml' }, directory);
    expect(resolveSettings({ file }).settings.transitions).toBe('log');
  });

  it('refuses a named file that is not there, and says which', () => {
    const fault = faultOf(() => loadConfigFile({ SPANLEDGER_CONFIG_FILE: 'absent.yaml' }, directory));
    expect(fault.code).toBe('SPANLEDGER_CONFIG_FILE_INVALID');
    expect(fault.message).toContain('absent.yaml');
    expect(fault.cause).toMatchObject({ code: 'ENOENT' });
  });
});

describe('parseConfigFile', () => {
  it('accepts an empty file and empty sections', () => {
    for (const source of ['', '# nothing yet\n', 'database:\n', 'transitions:\n']) {
      expect(parseConfigFile('a.yaml', source).values).toEqual({});
    }
  });

  it.each([
    ['a broken line', 'schema: [1, 2\nother: x\n', 2, 1],
    ['a key nobody reads', 'database:\n  schema: a\n  shema: b\n', 3, 3],
    ['an unknown section', 'transitions: span\ndatabse:\n  schema: a\n', 2, 1],
    ['a list where a section belongs', 'database: [a]\n', 1, 11],
    ['a key given twice', 'transitions: span\ntransitions: log\n', 2, 1],
    ['a text instead of a mapping', 'hello\n', 1, 1],
  ])('refuses %s with its line and column', (_, source, line, column) => {
    const fault = faultOf(() => parseConfigFile('a.yaml', source));
    expect(fault.code).toBe('SPANLEDGER_CONFIG_FILE_INVALID');
    expect(fault.details).toMatchObject({ file: 'a.yaml', line, column });
  });

  it('offers the nearest key for one that nobody reads', () => {
    expect(faultOf(() => parseConfigFile('a.yaml', 'database:\n  shema: b\n')).message).toContain(
      'did you mean database.schema?',
    );
  });

  it('leads to an error with the place of a value that is not allowed', () => {
    const file = parseConfigFile('a.yaml', '# days\n\nretention_days: forever\n');
    const fault = faultOf(() => resolveSettings({ file }));
    expect(fault.code).toBe('SPANLEDGER_CONFIG_FILE_INVALID');
    expect(fault.details).toMatchObject({ line: 3, column: 17 });
    expect(fault.message).toContain('retention_days is "forever", which is not a whole number');
  });
});
