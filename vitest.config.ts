import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { LongestFirst } from './test/harness/longest-first.ts';

const harness = (name: string) => new URL(`./test/harness/${name}`, import.meta.url).href;

const inFolders = (...folders: string[]) => folders.map((folder) => `test/${folder}/**/*.test.ts`);

/** Files that patch modules for the whole process: each has one to itself. */
const patching = ['function-instrumentation', 'http-server', 'module-watch', 'recorded-call'];
const alone = patching.map((name) => `test/instrument/${name}.test.ts`);
/** Files that make things global, or start processes that do. */
const renewed = [
  ...inFolders('examples', 'faults', 'instrument', 'logging', 'package', 'recording', 'register', 'scripts'),
  ...inFolders('telemetry', 'watchdog'),
  'test/documents.test.ts',
];

/** A process of its own costs a file half a second of processor time, which is more than most of them need. */
const projects = [
  { name: 'together', include: ['test/**/*.test.ts'], exclude: [...alone, ...renewed], isolate: false },
  {
    name: 'renewed',
    include: renewed,
    exclude: alone,
    isolate: false,
    setupFiles: ['test/harness/renewed-globals.ts'],
  },
  { name: 'alone', include: alone, isolate: true },
].map(
  (test): TestProjectInlineConfiguration => ({
    test: {
      ...test,
      pool: 'forks',
      // For a machine that is busy: what tests wait for has limits of its own.
      testTimeout: 120_000,
      hookTimeout: 120_000,
      // Worker threads that the code under test starts load TypeScript sources too.
      execArgv: ['typescript.js', 'baseline-wasm.ts'].flatMap((name) => ['--import', harness(name)]),
      // What was built runs as Node runs it.
      server: { deps: { external: [/\/dist\//] } },
    },
  }),
);

export default defineConfig({
  test: {
    projects,
    globalSetup: ['test/harness/global-setup.ts'],
    // One more than the processors of the machine that it is to be quick on: some tests wait, for a time that is to pass.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
  },
});
