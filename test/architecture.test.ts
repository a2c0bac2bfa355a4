import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = readSources('src');
const map = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');

const layers = ['domain', 'storable', 'telemetry', 'projection', 'journal', 'shipping'] as const;
const edges = ['recording', 'configuration', 'register', 'cli', 'sink', 'instrument', 'logging', 'watchdog'] as const;

/** What a layer may import besides itself. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  storable: [],
  telemetry: ['domain', 'storable'],
  projection: ['domain', 'storable', 'telemetry'],
  journal: ['domain', 'storable', 'telemetry', 'projection'],
  shipping: ['domain', 'storable', 'telemetry', 'projection', 'journal'],
};

/** Packages and Node modules that a layer may import; the layers not named here are free. */
const allowedPackages: Readonly<Record<string, readonly RegExp[]>> = {
  domain: [],
  storable: [],
  telemetry: [/^@opentelemetry\/api$/, /^node:os$/],
  projection: [/^@opentelemetry\//],
};

describe('the layers', () => {
  it('hold every source file', () => {
    const strays = [...source.keys()].filter((path) => path !== 'src/index.ts' && !isKnownFolder(folderOf(path)));
    expect(strays).toEqual([]);
  });

  it('import only what lies below them', () => {
    const upward = imports().filter(([from, to]) => {
      const layer = folderOf(from);
      return layer in allowed && layer !== folderOf(to) && !allowed[layer]?.includes(folderOf(to));
    });
    expect(upward).toEqual([]);
  });

  it('take no packages where they must be pure', () => {
    const foreign = [...source].flatMap(([path, text]) => {
      const permitted = allowedPackages[folderOf(path)];
      if (permitted === undefined) return [];
      return specifiers(text)
        .filter((specifier) => !specifier.startsWith('.') && !permitted.some((pattern) => pattern.test(specifier)))
        .map((specifier) => `${path} imports ${specifier}`);
    });
    expect(foreign).toEqual([]);
  });

  it('leave everything contextual to the context of OpenTelemetry', () => {
    expect(linesWith(/\bAsyncLocalStorage\b|node:async_hooks/, () => true)).toEqual([]);
  });

  it('have no cycle between files', () => {
    expect(cycles(imports())).toEqual([]);
  });

  it('import only files that exist, each with its extension', () => {
    expect(imports().filter(([, to]) => !source.has(to))).toEqual([]);
  });
});

describe('library code', () => {
  it('reads process.env in src/configuration alone', () => {
    expect(linesWith(/\bprocess\.env\b/, (path) => folderOf(path) !== 'configuration')).toEqual([]);
  });

  it('leaves console and process.exit to the command line', () => {
    const pattern = /\bconsole\.\w+\(|\bprocess\.exit\(/;
    expect(linesWith(pattern, (path) => folderOf(path) !== 'cli')).toEqual([]);
  });
});

describe('the files of the project', () => {
  const files = projectFiles();

  it('carry no unfinished-work marks and no switched-off tests', () => {
    const marks = new RegExp(
      `\\b(?:${['TO', 'FIX', 'XX'].map((half, i) => half + ['DO', 'ME', 'X'][i]).join('|')})\\b`,
    );
    const off = /\b(?:it|test|describe)\.(?:skip|only|todo|fails)\b|\bx(?:it|describe)\(/;
    expect(findLines(files, (line) => marks.test(line) || off.test(line))).toEqual([]);
  });

  it('name no place on one machine', () => {
    const places = new RegExp(['/work/', '/home/\\w', '/Users/\\w', '\\.\\./shared\\b'].join('|'));
    expect(findLines(files, (line) => places.test(line), 'test/architecture.test.ts')).toEqual([]);
  });
});

describe('ARCHITECTURE.md', () => {
  const lines = mapLines();

  it('names every file of src, examples, bench and scripts, and every migration', () => {
    const files = projectFiles().filter((path) => /^(?:src|examples|bench(?!\/results)|scripts)\//.test(path));
    expect(files.filter((path) => !lines.has(path))).toEqual([]);
  });

  it('names no file or folder that is gone', () => {
    expect([...lines.keys()].filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('names every folder of tests that does not mirror one of the source', () => {
    const folders = readdirSync(join(root, 'test'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const own = folders.map((entry) => entry.name).filter((name) => !existsSync(join(root, 'src', name)));
    expect(own.filter((name) => !lines.has(`test/${name}`))).toEqual([]);
  });

  it('says of every file and folder what it is for', () => {
    expect([...lines].filter(([, purpose]) => purpose.length < 3).map(([path]) => path)).toEqual([]);
  });
});

/** Paths below the root, with their text. */
function readSources(folder: string): Map<string, string> {
  const found = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  const files = found
    .filter((name) => name.endsWith('.ts'))
    .map((name) => posix.join(folder, name.replaceAll('\\', '/')));
  return new Map(files.sort().map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

function folderOf(path: string): string {
  const [, folder = '', rest] = path.split('/');
  return rest === undefined ? '' : folder;
}

function isKnownFolder(folder: string): boolean {
  return [...layers, ...edges].some((known) => known === folder);
}

function specifiers(text: string): string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, '');
  const found = code.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]|(?:^|\n)import\s+['"]([^'"]+)['"]/g,
  );
  return [...found].map(([, from, dynamic, bare]) => from ?? dynamic ?? bare ?? '');
}

/** All imports between source files, `[from, to]`. */
function imports(): [from: string, to: string][] {
  return [...source].flatMap(([path, text]) =>
    specifiers(text)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier): [string, string] => [path, posix.join(posix.dirname(path), specifier)]),
  );
}

/** Each cycle once, as the path that closes it. */
function cycles(pairs: readonly [string, string][]): string[] {
  const next = new Map<string, string[]>();
  for (const [from, to] of pairs) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
    if (done.has(path) || trail.includes(path)) return;
    for (const to of next.get(path) ?? []) visit(to, [...trail, path]);
    done.add(path);
  };
  for (const path of next.keys()) visit(path, []);
  return found;
}

function linesWith(pattern: RegExp, applies: (path: string) => boolean): string[] {
  return [...source]
    .filter(([path]) => applies(path))
    .flatMap(([path, text]) => matching(path, withoutComments(text), (line) => pattern.test(line)));
}

function withoutComments(text: string): string {
  const blanked = text.replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ''));
  return blanked.replaceAll(/(^|\s)\/\/.*$/gm, '$1');
}

/** What examples leave where they are run, as their pages say to. */
const leftovers = /(?:^|\/)(?:\.spanledger|\.inventory-sync|\.demo|node_modules)(?:\/|$)/;

/** What is in the repository: the folders of the project and the files at its root, without what is installed, built or left behind. */
function projectFiles(): string[] {
  const folders = ['src', 'test', 'docs', 'examples', 'scripts', 'bench', '.ci'];
  const below = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      posix.join(folder, name.replaceAll('\\', '/')),
    ),
  );
  const own = [...readdirSync(root), ...below].filter((path) => !leftovers.test(path));
  return own.filter(
    (path) => /\.(?:ts|js|mjs|json|md|sql|ya?ml)$|^\.ci\/run$/.test(path) && path !== 'package-lock.json',
  );
}

function findLines(files: readonly string[], isBad: (line: string) => boolean, except?: string): string[] {
  return files
    .filter((path) => path !== except)
    .flatMap((path) => matching(path, readFileSync(join(root, path), 'utf8'), isBad));
}

function matching(path: string, text: string, isBad: (line: string) => boolean): string[] {
  return text.split('\n').flatMap((line, index) => (isBad(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []));
}

/** The lines of the map, `` - `path`: purpose ``, with paths from the root. */
function mapLines(): Map<string, string> {
  return new Map([...map.matchAll(/^- `([^`]+)`: (.*)$/gm)].map(([, path = '', purpose = '']) => [path, purpose]));
}
