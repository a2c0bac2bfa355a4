import { expect, it } from 'vitest';
import { parseConfigFile } from '../../src/configuration/config-file.ts';

it.each([
  ['a key that nothing reads', '  - { modul: ./a.js, export: a, as: step }', 'did you mean module?', 2, 7],
  ['a missing key', '  - { module: ./a.js, as: step }', 'has no export', 2, 5],
  ['a role there is none', '  - module: ./a.js\n    export: a\n    as: thing', 'one of session, item', 4, 9],
  [
    'what is no path',
    '  - module: ./a.js\n    export: a\n    as: item\n    id: arg[0].id',
    'paths begin with args',
    5,
    9,
  ],
  [
    'a result that is needed before',
    '  - module: ./a.js\n    export: a\n    as: item\n    id: result.id',
    'no result yet',
    5,
    9,
  ],
  ['code', '  - module: ./a.js\n    export: a\n    as: item\n    skipped: result.f() == 1', 'is no path', 5, 14],
  [
    'a key of another role',
    '  - module: ./a.js\n    export: a\n    as: step\n    id: args[0]',
    'is for session, item',
    5,
    5,
  ],
  ['no list', '  module: ./a.js', 'must be a list', 2, 3],
])('refuses %s in instrument with its place', (_, entry, why, line, column) => {
  const parse = () => parseConfigFile('/tmp/a.yaml', `instrument:\n${entry}\n`);
  expect(parse).toThrow(why);
  expect(parse).toThrow(`line ${line}, column ${column}`);
});
