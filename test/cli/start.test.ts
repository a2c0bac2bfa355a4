import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCliProcess } from './cli-process.ts';
import { temporaryDirectory } from './written-ledger.ts';

/** The packages and folders of ours whose code a run has loaded, as V8's coverage names them. */
async function loadedBy(argv: readonly string[]): Promise<Set<string>> {
  const coverage = temporaryDirectory();
  const { code } = await runCliProcess(argv, {
    environment: { NODE_V8_COVERAGE: coverage },
    cwd: temporaryDirectory(),
  });
  expect(code).toBe(0);
  const urls = readdirSync(coverage).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(coverage, name), 'utf8')) as { result: { url: string }[] };
    return result.map(({ url }) => url);
  });
  return new Set(urls.flatMap((url) => /(?:node_modules\/(?:@[^/]+\/)?[^/]+|dist\/\w+)(?=\/)/.exec(url)?.[0] ?? []));
}

it('help loads the parser and no database, no OpenTelemetry and no command', async () => {
  const loaded = await loadedBy(['logs', '--help']);
  expect([...loaded].filter((name) => name.startsWith('node_modules'))).toEqual(['node_modules/commander']);
  expect([...loaded].filter((name) => name.startsWith('dist')).toSorted()).toEqual(['dist/cli', 'dist/domain']);
});

it('a command loads neither database driver before it needs one', async () => {
  const loaded = await loadedBy(['sessions']);
  for (const name of ['pg', 'pg-copy-streams', '@electric-sql/pglite', 'yaml', 'winston']) {
    expect(loaded).not.toContain(`node_modules/${name}`);
  }
  expect([...loaded].filter((name) => name.includes('opentelemetry'))).toEqual([]);
});
