import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...docs()];
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
    const text = readFileSync(join(root, 'README.md'), 'utf8');
    expect(text).toContain('npm ci && npm run demo');
    expect(text).toContain('npm ci && npm test');
  });
});

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
  const lines = [...text.matchAll(/(?:^|`)(?:npx )?spanledger ([a-z][a-z-]*)([^\n`|]*)/gm)];
  return lines.flatMap(([line, command = '', rest = '']) => {
    const help = helpOf(command);
    if (help === undefined) return [line];
    const options = rest.match(/(?<=\s)--[a-z][a-z-]*/g) ?? [];
    return options.filter((option) => !help.includes(option)).map((option) => `${line}: ${option}`);
  });
}

const helps = new Map<string, string | undefined>();

function helpOf(command: string): string | undefined {
  if (!helps.has(command)) helps.set(command, readHelp(command));
  return helps.get(command);
}

function readHelp(command: string): string | undefined {
  try {
    const argv = ['dist/cli/main.js', command, '--help'];
    return execFileSync(process.execPath, argv, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}
