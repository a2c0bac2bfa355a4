import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfigFile } from '../../src/configuration/config-file.ts';
import { fileSchema } from '../../src/configuration/file-schema.ts';
import * as kinds from '../../src/configuration/setting-kinds.ts';
import { settingKeys, settingTable } from '../../src/configuration/setting-table.ts';
import { resolveSettings } from '../../src/configuration/settings.ts';

const root = join(import.meta.dirname, '..', '..');
const ajv = new Ajv({ strict: true, allowUnionTypes: true });
const validate = ajv.compile(fileSchema());

function isRight(text: string): boolean {
  try {
    resolveSettings({ file: parseConfigFile('/tmp/spanledger.yaml', text) });
    return true;
  } catch {
    return false;
  }
}

function yamlBlocks(page: string): readonly string[] {
  const text = readFileSync(join(root, 'docs', page), 'utf8');
  return [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block]) => block ?? '');
}

describe('the schema of spanledger.yaml', () => {
  it('is the file of the package; `npm run docs` writes it', () => {
    const file = readFileSync(join(root, 'spanledger.schema.json'), 'utf8');
    expect(JSON.parse(file)).toEqual(JSON.parse(JSON.stringify(fileSchema())));
  });

  const files = ['examples', 'test'].flatMap((directory) =>
    readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
      .filter((path) => /(?:^|\/)spanledger\.yaml$/.test(path) && !path.includes('node_modules'))
      .map((path) => [join(directory, path), readFileSync(join(root, directory, path), 'utf8')] as const),
  );
  const blocks = ['configuration.md', 'instrumentation.md'].flatMap((page) =>
    yamlBlocks(page).map((text, index) => [`docs/${page}, block ${index + 1}`, text] as const),
  );

  it.each([...files, ...blocks])('lets %s through, as the program does', (_, text) => {
    expect([validate(parse(text)), validate.errors]).toEqual([true, null]);
    expect(isRight(text)).toBe(true);
  });

  it('is named in the file of an example and in the documentation', () => {
    const [, sample = ''] = blocks.find(([name]) => name.startsWith('docs/configuration')) ?? [];
    const [, example = ''] = files.find(([name]) => name.includes('legacy-batch')) ?? [];
    expect(sample).toContain('$schema=./node_modules/spanledger/spanledger.schema.json\n');
    expect(example).toContain('$schema=../../spanledger.schema.json\n');
  });

  it.each([
    ['a key that nothing reads', 'log: { lvel: info }'],
    ['a value of another kind', 'log: { rate: many }'],
    ['a number out of bounds', 'health: { port: 70000 }'],
    ['a word that is none of them', 'transitions: sometimes'],
    ['a list that holds no words', 'redact: { keys: [1] }'],
    ['a section that is none', 'log: [info]'],
    ['an entry without a module', 'instrument: [{ export: run, as: step }]'],
    [
      'an entry with a key that nothing reads',
      'instrument: [{ modul: ./a.js, module: ./a.js, export: run, as: step }]',
    ],
    ['an entry with a role there is none', 'instrument: [{ module: ./a.js, export: run, as: thing }]'],
    ['an entry with a field of another role', 'instrument: [{ module: ./a.js, export: run, as: step, id: args }]'],
    ['an entry with a name that can be no export', "instrument: [{ module: ./a.js, export: 'a b', as: step }]"],
    ['an entry without a length of time', 'instrument: [{ module: ./a.js, export: run, as: step, limit: soon }]'],
    ['a list of no comparisons', 'instrument: [{ module: ./a.js, export: run, as: step, failed: [] }]'],
    ['entries that are no list', 'instrument: { module: ./a.js, export: run, as: step }'],
  ])('refuses %s, as the program does', (_, text) => {
    expect([validate(parse(text)), isRight(text)]).toEqual([false, false]);
  });

  it('takes keys and sections without a value for none, as the program does', () => {
    for (const text of ['log:\n', 'log: { level: }\n', 'instrument:\n', 'redact: { keys: }\n'])
      expect([text, validate(parse(text)), isRight(text)]).toEqual([text, true, true]);
  });

  const values: readonly unknown[] = [
    ...[
      '',
      ' ',
      'a',
      'none',
      'OFF',
      'Both',
      'info',
      'WARN',
      'fatal',
      'bogus',
      'X-Id',
      'a b',
      'postgres://h/d',
      'http://h',
    ],
    ...['user.email', '10.0.0.0/8', 'loopback', '(', true, false, 0, 1, 1.5, -1, 64, 5000, 70_000, 1e12],
    ...[[], ['a'], [''], ['loopback'], ['a', 1], [['a']], {}],
  ];
  /** Only a program can tell a path, a pattern, an address or a URL that is right. */
  const looser: ReadonlySet<unknown> = new Set([kinds.paths, kinds.patterns, kinds.proxies, kinds.postgresUrl]);

  it.each(settingKeys)('agrees with the program on %s', (key) => {
    const { kind } = settingTable[key];
    const accepts = ajv.compile({ ...kind.schema });
    for (const value of values) {
      const { ok } = kind.check(value);
      if (ok || !looser.has(kind)) expect([value, accepts(value)]).toEqual([value, ok]);
    }
  });
});
