import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createProgram } from '../src/cli/program.ts';
import { helpOf } from '../src/cli/reference.ts';
import { baselineWasm } from './harness/baseline-wasm.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const examplePages = readdirSync(join(root, 'examples'))
  .map((name) => `examples/${name}/README.md`)
  .filter((page) => existsSync(join(root, page)));
const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...docs(), ...examplePages];
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

describe.each(pages)('%s', (page) => {
  const text = readFileSync(join(root, page), 'utf8');

  it('links only to files and headings that exist', () => {
    const broken = links(text).filter((link) => !isThere(page, link));
    expect(broken).toEqual([]);
  });

  it('names only npm scripts that exist', () => {
    const named = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('names only commands and options of the command line that exist', () => {
    expect(unknownCommands(text)).toEqual([]);
  });
});

describe('README.md', () => {
  it('gives the two commands that set everything up', () => {
    expect(readme).toContain('npm ci && npm run demo');
    expect(readme).toContain('npm ci && npm test');
  });

  it('leads to every page', () => {
    expect(docs().filter((page) => !readme.includes(`](${page})`))).toEqual([]);
  });

  it('shows what its program and the command line really print', { timeout: 120_000 }, async () => {
    const directory = ledgerDirectory();
    runProgram(codeBlock(readme, 'js'), { SPANLEDGER_DIR: directory, OTEL_SERVICE_NAME: 'photos' });
    const printed = run(['dist/cli/main.js', 'session', 'first-import'], { SPANLEDGER_DIR: directory });
    const shown = readme.split('$ npx spanledger session first-import\n')[1]?.split('```')[0] ?? '';
    expect(withoutMeasures(shown)).toEqual(withoutMeasures(printed));
  });
});

describe('the programs of the pages', { timeout: 120_000 }, () => {
  it('getting-started.md: imports two orders, fails one, and is skipped when it runs again', async () => {
    const environment = { SPANLEDGER_DIR: ledgerDirectory() };
    const program = codeBlock(readPage('docs/getting-started.md'), 'js');
    const printed = [runProgram(program, environment), runProgram(program, environment)];
    for (const text of printed) expect(text).toMatch(/^imported \{[^}]*imported: 2,[^}]*failed: 1/);
    const logs = run(
      ['dist/cli/main.js', 'logs', '--session-id', 'orders-1', '--all', '--json', '--last', '500'],
      environment,
    );
    expect(logs.match(/"import\.session\.complete"/g)).toHaveLength(1);
    expect(logs.match(/"import\.session\.skip"/g)).toHaveLength(1);
  });

  it('adoption.md: the exporters work in an SDK that is built by hand', async () => {
    const directory = ledgerDirectory();
    const sdk = codeBlock(readPage('docs/adoption.md').split('## With an OpenTelemetry SDK')[1] ?? '', 'js');
    const work =
      "import { importSession } from 'spanledger'; await importSession({ id: 'own' }, () => {}); await sdk.shutdown();";
    const environment = { OTEL_METRICS_EXPORTER: 'none' };
    runProgram(sdk.replace("'.spanledger'", JSON.stringify(directory)) + work, environment, []);
    expect(run(['dist/cli/main.js', 'sessions', '--json'], { SPANLEDGER_DIR: directory })).toContain('"id":"own"');
  });
});

function readPage(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

/** A directory for a ledger, gone when the test has ended. */
function ledgerDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'spanledger-documents-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function codeBlock(text: string, language: string): string {
  const block = text.split(`\`\`\`${language}\n`)[1]?.split('```')[0];
  if (block === undefined) throw new Error(`There is no ${language} block.`);
  return block;
}

/** Runs a program in the repository, where its name leads to the built package. */
function runProgram(
  program: string,
  environment: Record<string, string>,
  flags = ['--import', 'spanledger/register'],
): string {
  return run([...flags, '--input-type=module', '--eval', program], environment);
}

function run(argv: readonly string[], environment: Record<string, string>): string {
  const { PATH, HOME } = process.env;
  const options = { cwd: root, env: { PATH, HOME, ...environment }, encoding: 'utf8' } as const;
  return execFileSync(process.execPath, [baselineWasm, ...argv], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What is printed anew each time (times, durations, ids, and the width of columns that follows from them) made alike. */
function withoutMeasures(text: string): string[] {
  const alike = text
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/[+]?\d[\d.]* (?:ms|s)\b/g, 'DURATION')
    .replaceAll(/\b[0-9a-f]{32}\b/g, 'TRACE');
  return alike
    .split('\n')
    .map((line) => line.replaceAll(/\s+/g, ' ').trim())
    .filter((line) => line !== '');
}

function docs(): string[] {
  return readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`);
}

function links(text: string): string[] {
  const prose = text.replaceAll(/```[\s\S]*?```/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link).filter((link) => !/^[a-z]+:/.test(link));
}

function isThere(page: string, link: string): boolean {
  const [path = '', heading] = link.split('#');
  const file = path === '' ? join(root, page) : join(root, dirname(page), path);
  if (!existsSync(file)) return false;
  return heading === undefined || headings(readFileSync(file, 'utf8')).includes(heading);
}

/** Anchors as GitHub makes them. */
function headings(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

/** Command lines in code blocks and code spans, held against what each command's own help says. */
function unknownCommands(text: string): string[] {
  const blocks = [...text.matchAll(/```.*\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  const spans = [...text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/`([^`]+)`/g)].map(([, span = '']) => span);
  const lines = [...blocks, ...spans].join('\n').matchAll(/^(?:\$ )?(?:npx )?spanledger ([a-z][a-z-]*)(.*)$/gm);
  return [...lines].flatMap(([line, command = '', rest = '']) => {
    const help = helps.get(command);
    if (help === undefined) return [line];
    const options = rest.match(/(?<=\s)--[a-z][a-z-]*/g) ?? [];
    return options.filter((option) => !help.includes(option)).map((option) => `${line}: ${option}`);
  });
}

const helps = new Map(createProgram(() => undefined).commands.map((command) => [command.name(), helpOf(command)]));
