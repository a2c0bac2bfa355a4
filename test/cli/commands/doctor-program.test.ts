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

async function examine(command: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const { output, errors, code } = await runCliProcess(['doctor', '--json', '--seconds', '60', '--', ...command], {
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

it('finds a program that tells nothing of itself', async () => {
  const { code, of } = await examine([process.execPath, '--version']);
  expect(of('program')).toMatchObject({ status: 'finding', action: expect.stringContaining('--seconds') });
  expect(code).toBe(1);
});
