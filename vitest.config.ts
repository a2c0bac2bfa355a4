import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/harness/longest-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/harness/global-setup.ts'],
    // Worker threads that the code under test starts load TypeScript sources too.
    execArgv: ['--import', new URL('./test/harness/typescript.js', import.meta.url).href],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // What was built runs as Node runs it.
    server: { deps: { external: [/\/dist\//] } },
  },
});
