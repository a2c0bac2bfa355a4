import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
let project = '';

/** Runs a command as a user would type it, in the project that depends on us. */
function run(command: string, ...parameters: string[]): { status: number | null; stdout: string; stderr: string } {
  const { NODE_OPTIONS: _, DATABASE_URL: __, SPANLEDGER_DATABASE_URL: ___, ...env } = process.env;
  return spawnSync(command, parameters, { cwd: project, encoding: 'utf8', env });
}

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'spanledger-package-'));
  const packed = spawnSync('npm', ['pack', '--ignore-scripts', '--pack-destination', project], {
    cwd: root,
    encoding: 'utf8',
  });
  const tarball = readdirSync(project).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error(`npm pack made nothing: ${packed.stderr}`);
  writeFileSync(join(project, 'package.json'), '{"name":"user-project","private":true,"type":"module"}\n');
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const installed = run('npm', 'install', ...flags, `./${tarball}`, '@opentelemetry/api');
  if (installed.status !== 0) throw new Error(`npm install failed: ${installed.stderr}`);
}, 300_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

describe('the packed package, installed into an empty project', () => {
  it('brings only what a user needs', () => {
    const files = readdirSync(join(project, 'node_modules', 'spanledger'));
    expect(files.sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist',
      'docs',
      'package.json',
      'spanledger.schema.json',
    ]);
  });

  it('runs the ten lines of the README, and the command line shows their session', () => {
    writeFileSync(join(project, 'app.js'), tenLines());
    const app = run('node', '--import', 'spanledger/register', 'app.js');
    expect(app).toMatchObject({ status: 0, stderr: '' });
    expect(app.stdout).toContain('imported {');
    const shown = run(join('node_modules', '.bin', 'spanledger'), 'session', 'first-import');
    expect(shown.stderr).toBe('');
    expect(shown.status).toBe(0);
    expect(shown.stdout).toContain('first-import');
    expect(shown.stdout).toContain('GIF files are not supported.');
  });

  it('can be required from CommonJS, and registered with --require', () => {
    const source = `const { importSession } = require('spanledger');
      importSession({ id: 'from-cjs' }, async (session) => { await session.each(['a'], { id: (x) => x }, async () => {}); })
        .then((outcome) => console.log(outcome.state));`;
    writeFileSync(join(project, 'app.cjs'), source);
    expect(run('node', '--require', 'spanledger/register', 'app.cjs')).toMatchObject({
      status: 0,
      stdout: 'imported\n',
      stderr: '',
    });
  });

  it.each(['.', './register', './exporters'])('has types for %s', (entry) => {
    const { exports } = JSON.parse(readFileSync(join(project, 'node_modules', 'spanledger', 'package.json'), 'utf8'));
    const types = readFileSync(join(project, 'node_modules', 'spanledger', exports[entry].types), 'utf8');
    expect(types.length).toBeGreaterThan(0);
  });

  it('has the same types for compilers that do not read exports, as TypeScript before 6 with module commonjs', () => {
    const { exports, main, types, typesVersions } = JSON.parse(
      readFileSync(join(project, 'node_modules', 'spanledger', 'package.json'), 'utf8'),
    );
    expect({ types, default: main }).toEqual(exports['.']);
    expect(typesVersions['*']).toEqual({
      register: [exports['./register'].types],
      exporters: [exports['./exporters'].types],
    });
  });

  it('exports exporters and processors for an SDK of one’s own', () => {
    const script = `import * as exporters from 'spanledger/exporters'; console.log(Object.keys(exporters).join(' '));`;
    const { status, stdout } = run('node', '--input-type=module', '--eval', script);
    expect(status).toBe(0);
    expect(stdout).toMatch(/SpanExporter/);
  });
});

/** The first JavaScript block of the README. */
function tenLines(): string {
  const [, block] = /```js\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
  if (block === undefined) throw new Error('The README has no JavaScript block.');
  return block;
}
