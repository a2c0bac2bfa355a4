// The published test suites that are run with and without the flag. A library is installed as its users install it; where npm has no
// tests of it, those of the same version come from git and are put beside it.

/**
 * @typedef {object} Suite
 * @property {string} package
 * @property {string} version as npm has it
 * @property {{ repository: string, tag: string, folder?: string, paths: readonly string[] }} [tests] what is taken from git
 * @property {Readonly<Record<string, string>>} needs packages that the tests load
 * @property {'mocha' | 'node' | 'scripts'} runner
 * @property {RegExp} files test files, by their path within the package
 * @property {readonly string[]} [parameters] of the runner
 * @property {boolean} [isIsolated] whether each file runs in a process of its own, where the runner has one for all
 * @property {boolean} [needsPostgres]
 */

/** @type {Readonly<Record<string, Suite>>} */
export const suites = {
  express: {
    package: 'express',
    version: '5.2.1',
    tests: { repository: 'expressjs/express', tag: 'v5.2.1', paths: ['test', 'examples'] },
    needs: {
      after: '0.8.2',
      'connect-redis': '8',
      'cookie-parser': '1.4.7',
      'cookie-session': '2.1.1',
      ejs: '3',
      'express-session': '1',
      hbs: '4',
      marked: '15',
      'method-override': '3',
      mocha: '11',
      morgan: '1',
      'pbkdf2-password': '1',
      supertest: '6',
      vhost: '3',
    },
    runner: 'mocha',
    files: /^test\/(?:acceptance\/)?[^/]+\.js$/,
    parameters: ['--require', './test/support/env', '--check-leaks', '--timeout', '20000'],
  },
  express4: {
    package: 'express',
    version: '4.22.2',
    tests: { repository: 'expressjs/express', tag: 'v4.22.2', paths: ['test', 'examples'] },
    needs: {
      after: '0.8.2',
      'connect-redis': '3',
      'cookie-parser': '1.4.6',
      'cookie-session': '2.0.0',
      ejs: '3.1.9',
      'express-session': '1.17.2',
      hbs: '4.2.0',
      marked: '0.7.0',
      'method-override': '3.0.0',
      mocha: '11',
      morgan: '1.10.0',
      'pbkdf2-password': '1.2.1',
      supertest: '6',
      vhost: '3',
    },
    runner: 'mocha',
    files: /^test\/(?:acceptance\/)?[^/]+\.js$/,
    parameters: ['--require', './test/support/env', '--check-leaks', '--timeout', '20000'],
  },
  koa: {
    package: 'koa',
    version: '3.2.0',
    tests: { repository: 'koajs/koa', tag: 'v3.2.0', paths: ['__tests__', 'test-helpers'] },
    needs: { supertest: '7' },
    runner: 'node',
    files: /^__tests__\/.*\.test\.js$/,
  },
  fastify: {
    package: 'fastify',
    version: '5.12.8',
    needs: {
      JSONStream: '1',
      ajv: '8',
      'ajv-errors': '3',
      'ajv-formats': '3',
      'ajv-i18n': '4',
      'ajv-merge-patch': '5',
      'fast-json-body': '1',
      'fastify-plugin': '6',
      'fluent-json-schema': '6',
      h2url: '0.2',
      'http-errors': '2',
      joi: '18',
      'node-forge': '1',
      proxyquire: '2',
      split2: '4',
      undici: '7',
      yup: '1',
    },
    runner: 'node',
    // Bundlers put their modules into one file, and types are no matter of running.
    files: /^test\/(?!bundler\/|types\/).*\.test\.m?js$/,
  },
  winston: {
    package: 'winston',
    version: '3.19.0',
    tests: { repository: 'winstonjs/winston', tag: 'v3.19.0', paths: ['test'] },
    needs: {
      'abstract-winston-transport': '0.5',
      assume: '2',
      'cross-spawn-async': '2',
      expect: '29',
      hock: '1',
      'jest-mock': '29',
      mocha: '11',
      rimraf: '5.0.10',
      split2: '4',
      'std-mocks': '2',
      through2: '4',
      'winston-compat': '0.1',
    },
    runner: 'mocha',
    files: /^test\/(?:unit|integration)\/.*\.test\.js$/,
    // Jest has modules of its own, in which nothing is patched: the tests run in mocha, where everything is, apart from each other as in Jest.
    isIsolated: true,
    parameters: ['--require', '$conformance/jest-globals.cjs', '--timeout', '20000'],
  },
  pg: {
    package: 'pg',
    version: '8.23.0',
    tests: { repository: 'brianc/node-postgres', tag: 'pg@8.23.0', folder: 'packages/pg', paths: ['test'] },
    needs: { async: '2.6.4', bluebird: '3.7.2', co: '4.6.0', 'pg-copy-streams': '0.3.0' },
    runner: 'scripts',
    files: /^test\/(?:unit|integration)\/.*-tests\.js$/,
    needsPostgres: true,
  },
};
