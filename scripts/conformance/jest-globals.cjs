// What tests written for Jest find in its global scope, for mocha. Loaded from the folder of the library.
const { createRequire } = require('node:module');
const { join } = require('node:path');

const load = createRequire(join(process.cwd(), 'test', 'index.js'));
const { ModuleMocker } = load('jest-mock');
const { expect } = load('expect');

const mocker = new ModuleMocker(globalThis);
globalThis.expect = expect;
globalThis.jest = {
  fn: (implementation) => mocker.fn(implementation),
  spyOn: (...target) => mocker.spyOn(...target),
  resetAllMocks: () => mocker.resetAllMocks(),
  restoreAllMocks: () => mocker.restoreAllMocks(),
  setTimeout: () => {},
};

exports.mochaHooks = {};

// The functions of mocha come into being after this file is loaded.
for (const name of ['it', 'test', 'describe']) {
  let current;
  Object.defineProperty(globalThis, name, {
    configurable: true,
    get: () => current,
    set: (value) => {
      current = typeof value === 'function' ? withTables(value) : value;
    },
  });
}
for (const [name, own] of [
  ['beforeAll', 'before'],
  ['afterAll', 'after'],
]) {
  Object.defineProperty(globalThis, name, { configurable: true, get: () => globalThis[own] });
}

function withTables(define) {
  define.each = (table) => (title, run) => {
    for (const row of table) {
      const values = Array.isArray(row) ? row : [row];
      let next = 0;
      define(
        title.replaceAll(/%[a-zA-Z]/g, () => String(values[next++])),
        run.length > values.length ? (done) => run(...values, done) : () => run(...values),
      );
    }
  };
  define.todo = (title) => define(title);
  return define;
}
