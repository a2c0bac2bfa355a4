import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createForeignApp, type ForeignApp } from '../../instrument/foreign-app.ts';
import { runCliProcess } from '../cli-process.ts';
import { temporaryDirectory } from '../written-ledger.ts';

let app: ForeignApp;
beforeAll(() => {
  app = createForeignApp();
});
afterAll(() => app.remove());

interface Observed {
  readonly subject: string;
  readonly status: string;
  readonly message: string;
  readonly action?: string;
  readonly module?: { readonly status: string; readonly version?: string; readonly file?: string };
}

async function examine(
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  options: readonly string[] = [],
) {
  const argv = ['doctor', '--json', '--seconds', '60', ...options, '--', ...command];
  const { output, errors, code } = await runCliProcess(argv, {
    cwd: app.directory,
    environment: { SPANLEDGER_DIR: temporaryDirectory(), ...environment },
  });
  const lines = output.trimEnd().split('\n');
  const observed = lines.map((line) => JSON.parse(line) as Observed);
  return { code, errors, of: (subject: string) => observed.find((one) => one.subject === subject) };
}

it('tells of a service that listens what is patched, by what and where, and exits with 0', async () => {
  app.copyPackage('express4', 'express');
  app.write(
    'service.js',
    `const express = require('express');\nconst app = express();\napp.listen(0, () => console.log('it listens'));\n`,
  );
  const { code, errors, of } = await examine([process.execPath, 'service.js'], {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://me:hunter2@127.0.0.1:1/v1/traces',
  });
  expect(errors).toContain('it listens');
  expect(of('express')?.module).toMatchObject({
    status: 'patched',
    version: expect.stringMatching(/^4\./),
    file: join(app.directory, 'node_modules', 'express'),
  });
  expect(of('http')?.module?.status).toBe('patched');
  expect(of('program')?.message).toContain('listens');
  expect(of('traces')?.message).toBe('go by otlp http/protobuf to http://me:***@127.0.0.1:1/v1/traces');
  expect(of('logs')?.message).toContain('are not sent');
  expect(code).toBe(0);
});

it('finds what is not instrumented, says why and what to do, and exits with 1', async () => {
  app.write('node_modules/mysql2/package.json', '{"version":"3.9.0","main":"index.js"}');
  app.write('node_modules/mysql2/index.js', 'exports.createPool = () => undefined;\n');
  app.write('node_modules/koa/package.json', '{"version":"1.7.0","main":"index.js"}');
  app.write('node_modules/koa/index.js', 'module.exports = class Koa {};\n');
  app.write('node_modules/pg/package.json', '{"version":"8.0.4","main":"index.js"}');
  app.write('node_modules/pg/index.js', 'exports.Client = class Client { query() {} connect() {} };\n');
  app.write('early.js', `require('pg');\n`);
  app.write('batch.js', `require('mysql2');\nrequire('koa');\n`);
  const { code, of } = await examine([process.execPath, '--require', './early.js', 'batch.js']);
  expect(of('mysql2')).toMatchObject({
    status: 'finding',
    message: expect.stringContaining('3.9.0: no instrumentation installed'),
    action: 'npm install @opentelemetry/instrumentation-mysql2',
  });
  expect(of('koa')).toMatchObject({ status: 'finding', module: { status: 'version not supported', version: '1.7.0' } });
  expect(of('pg')).toMatchObject({ status: 'finding', module: { status: 'loaded too early' } });
  expect(code).toBe(1);
});

it('finds an instrumentation that throws, which does not keep the module from the program', async () => {
  app.write('node_modules/ioredis/package.json', '{"version":"5.0.0","main":"index.js"}');
  app.write('node_modules/ioredis/index.js', 'exports.answer = 42;\n');
  const instrumentation = 'node_modules/@opentelemetry/instrumentation-ioredis';
  app.write(`${instrumentation}/package.json`, '{"version":"0.1.0","main":"index.js"}');
  app.write(
    `${instrumentation}/index.js`,
    'exports.IORedisInstrumentation = class { constructor() { throw new Error("not today"); } };\n',
  );
  app.write('broken.js', `console.log(require('ioredis').answer);\n`);
  const { code, errors, of } = await examine([process.execPath, 'broken.js']);
  expect(errors).toContain('42');
  expect(of('ioredis')).toMatchObject({ status: 'finding', module: { status: 'failed', version: '5.0.0' } });
  expect(`${of('ioredis')?.message} ${of('ioredis')?.action}`).toContain('not today');
  expect(code).toBe(1);
});

it('finds packages that are imported as ES modules, where nothing patches them, and says why', async () => {
  const esm = '"type":"module","exports":{"import":"./index.js"}';
  app.write('esm/package.json', '{"type":"module","dependencies":{"openai":"6","kafkajs":"3","redis":"6"}}');
  for (const name of ['openai', 'kafkajs', 'redis']) {
    app.write(`esm/node_modules/${name}/package.json`, `{"version":"9.1.0",${esm}}`);
    app.write(`esm/node_modules/${name}/index.js`, 'export const name = import.meta.url;\n');
  }
  const instrumentation = 'esm/node_modules/@opentelemetry/instrumentation-kafkajs';
  app.write(`${instrumentation}/package.json`, '{"version":"0.1.0","main":"index.js"}');
  app.write(`${instrumentation}/index.js`, 'exports.KafkaJsInstrumentation = class {};\n');
  // That of redis is there, and never loaded.
  app.write(
    'esm/main.js',
    `import { name } from 'openai';\nimport * as kafka from 'kafkajs';\nconsole.log(name, kafka);\n`,
  );
  const { code, of } = await examine([process.execPath, 'esm/main.js']);
  expect(of('openai')).toMatchObject({
    status: 'finding',
    module: { status: 'no instrumentation installed', version: '9.1.0' },
    action: 'npm install @opentelemetry/instrumentation-openai',
  });
  expect(of('kafkajs')).toMatchObject({
    status: 'finding',
    module: { status: 'ES module', file: join(app.directory, 'esm', 'node_modules', 'kafkajs') },
    action: expect.stringContaining('createRequire'),
  });
  expect(of('redis')).toBeUndefined();
  expect(code).toBe(1);
});

it('finds a program that tells nothing of itself', async () => {
  const { code, of } = await examine([process.execPath, '--version']);
  expect(of('program')).toMatchObject({ status: 'finding', action: expect.stringContaining('--seconds') });
  expect(code).toBe(1);
});

const service = `const http = require('node:http');
  const queue = [];
  setInterval(() => { for (const line of queue.splice(0)) console.log(line); }, 20);
  http.createServer((request, response) => {
    if (request.url === '/queued') queue.push('a line of ' + request.url);
    else console.log('a line of', request.url);
    setTimeout(() => response.end('fine'), 100);
  }).listen(0);`;

it('S4.32 sends a request and finds it traced: header, row and lines', async () => {
  app.write('traced.js', service);
  const { code, of } = await examine([process.execPath, 'traced.js'], {}, ['--request', '/orders?page=1']);
  expect(of('request')?.message).toBe('GET /orders?page=1 was answered with 200');
  expect(of('header')).toMatchObject({ status: 'ok', message: 'X-Correlation-ID arrives and is returned' });
  expect(of('request row')?.message).toContain('is in the trace of its caller');
  expect(of('request lines')?.message).toBe('1 of 1 lines that were logged from then on are in its trace');
  expect(code).toBe(0);
});

it('S4.32 finds where a request is not traced: no row, and lines without its context', async () => {
  app.write('traced.js', service);
  const environment = { SPANLEDGER_REQUESTS: 'none' };
  const { code, of } = await examine([process.execPath, 'traced.js'], environment, ['--request', '/queued']);
  expect(of('request row')).toMatchObject({ status: 'finding', message: 'there is none' });
  expect(of('request row')?.action).toContain('SPANLEDGER_REQUESTS is none');
  expect(of('request lines')).toMatchObject({ status: 'finding', message: expect.stringContaining('0 of 1 lines') });
  expect(code).toBe(1);
});

it('S4.33 tells whether contexts are kept, and whether lines are JSON', async () => {
  const environment = { SPANLEDGER_LOG_FORMAT: 'text', SPANLEDGER_LOG_LEVEL: 'debug' };
  const { of } = await examine([process.execPath, '--eval', '0'], environment);
  expect(of('context')).toMatchObject({ status: 'ok', message: expect.stringContaining('is kept') });
  expect(of('log lines')?.message).toContain(
    'text, without the fields that back ends read (SPANLEDGER_LOG_FORMAT=json)',
  );
  expect(of('log lines')?.message).toContain('from debug on');
});
