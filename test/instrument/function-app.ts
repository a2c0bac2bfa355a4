import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** An unmodified application with packages of every kind, and a main module that calls them and prints what came out. */
export interface FunctionApp {
  readonly directory: string;
  configure(yaml: string): void;
  remove(): void;
}

const files: Readonly<Record<string, string>> = {
  'node_modules/cjs-lib/package.json': '{"name":"cjs-lib","main":"lib/index.js"}',
  'node_modules/cjs-lib/lib/index.js': `module.exports = function run(x) { return x + 1; };
    module.exports.helper = (x) => x * 2;
    module.exports.Queue = require('./queue').Queue;`,
  'node_modules/cjs-lib/lib/queue.js': `exports.Queue = class Queue {
      arrow = (x) => x;
      constructor(name) { this.name = name; }
      async process(x) { return \`\${this.name} \${x}\`; }
      static open(name) { return new Queue(name); }
      get depth() { return this.name.length; }
      set depth(n) { this.name = 'q'.repeat(n); }
      static get all() { return ['a', 'b']; }
    };`,
  'node_modules/esm-lib/package.json':
    '{"name":"esm-lib","type":"module","exports":{".":"./index.js","./lib/*":"./lib/*.js"}}',
  'node_modules/esm-lib/index.js': `export default async function runAll(xs) { return Promise.all(xs.map((x) => one(x))); }
    export async function one(x) { return x * 10; }
    export const two = async (x) => x * 20;`,
  'node_modules/esm-lib/lib/store.js': `export class Store {
      static of(n) { return Object.assign(new Store(), { n }); }
      save(x) { return \`\${this.n}/\${x}\`; }
      async *pages() { try { yield 1; yield 2; return 3; } finally { this.closed = true; } }
      *rows() { yield 'r'; }
    }
    export const store = Store.of('single');`,
  'node_modules/dual-lib/package.json':
    '{"name":"dual-lib","exports":{".":{"import":"./dist/index.mjs","require":"./dist/index.cjs"}}}',
  'node_modules/dual-lib/dist/index.mjs': "export function work(x) { return 'esm' + x; }",
  'node_modules/dual-lib/dist/index.cjs': "exports.work = function work(x) { return 'cjs' + x; };",
  'node_modules/ts-lib/package.json': '{"name":"ts-lib","main":"dist/index.js"}',
  'node_modules/ts-lib/dist/index.js': `Object.defineProperty(exports, '__esModule', { value: true });
    const job_1 = require('./job');
    Object.defineProperty(exports, 'Job', { enumerable: true, get: function () { return job_1.Job; } });
    Object.defineProperty(exports, 'start', { enumerable: true, get: function () { return job_1.start; } });`,
  'node_modules/ts-lib/dist/job.js': `function Job() {}
    Job.prototype.run = function (x) { return x; };
    exports.Job = Job;
    exports.start = function start(x) { return new Job().run(x); };`,
  'packages/mail/package.json': '{"name":"@acme/mail","type":"module","exports":{"import":"./index.js"}}',
  'packages/mail/index.js': 'export class Mail { send(x) { return x; } }',
  'packages/old/package.json': '{"name":"old-lib","main":"index.js"}',
  'packages/old/index.js': 'module.exports = class Old { run(x) { return x; } };',
  'src/main-class.mjs': `export default class Main { static make() { return new Main(); } go(x) { return x; } }`,
  'src/deep/a.mjs': 'export function deep(x) { return x; }',
  'src/deep/b.mjs': 'export const other = 1;',
  'src/fn.cjs': 'module.exports = (x) => x * 3;',
  'src/legacy.cjs': 'exports.late = (x) => x;',
  'in-thread.mjs': `import { Worker } from 'node:worker_threads';
    new Worker(new URL('./main.mjs', import.meta.url));`,
  'main.mjs': `import { createRequire } from 'node:module';
    import { Mail } from '@acme/mail';
    import run, { helper, Queue } from 'cjs-lib';
    import { work } from 'dual-lib';
    import runAll, { one, two } from 'esm-lib';
    import { Store, store } from 'esm-lib/lib/store';
    import Old from 'old-lib';
    import { Job, start } from 'ts-lib';
    import { deep } from './src/deep/a.mjs';
    import './src/deep/b.mjs';
    import fn from './src/fn.cjs';
    import legacy from './src/legacy.cjs';
    import Main from './src/main-class.mjs';
    const require = createRequire(import.meta.url);
    const out = [run(1), helper(2), await new Queue('q').process(2), await Queue.open('z').process(0), new Queue('a').arrow(3)];
    const queue = new Queue('four');
    queue.depth = queue.depth + 1;
    out.push(queue.depth, Queue.all, await runAll([1, 2]), await one(3), await two(4), store.save('y'));
    out.push(Reflect.apply(store.save, { n: 'other' }, ['z']), [...store.rows()]);
    for await (const page of store.pages()) out.push(page);
    const left = new Store();
    for await (const page of left.pages()) { out.push(page); break; }
    out.push(left.closed, work(1), require('dual-lib').work(2), new Job().run(1), start(2), new Mail().send(5), new Old().run(6));
    out.push(new Main().go(1), Main.make().go(2), deep(3), fn(3), legacy.late(1), Main.name, run.length);
    console.log(JSON.stringify(out));`,
  'preload.cjs': "require('./src/legacy.cjs');",
};

export function createFunctionApp(): FunctionApp {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'spanledger-functions-')));
  const write = (path: string, text: string) => {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  for (const [path, text] of Object.entries(files)) write(path, text);
  mkdirSync(join(directory, 'node_modules', '@acme'));
  symlinkSync(join(directory, 'packages', 'mail'), join(directory, 'node_modules', '@acme', 'mail'));
  symlinkSync(join(directory, 'packages', 'old'), join(directory, 'node_modules', 'old-lib'));
  return {
    directory,
    configure: (yaml) => write('spanledger.yaml', yaml),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
