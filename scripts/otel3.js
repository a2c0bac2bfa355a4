// Proves that spanledger works on OpenTelemetry 3.x: a copy of the project outside of this work tree, a current Node.js from npm,
// dependencies as npm picks them for that Node.js, then types and the SDK part of the suite. Any failure ends with a code other than 0.
//
//   node scripts/otel3.js [test path ...]        SPANLEDGER_NODE=26 chooses another Node.js
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installNode } from './versions/node.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const nodeMajor = process.env.SPANLEDGER_NODE ?? '24';
const suite = ['instrument', 'logging', 'package', 'projection', 'recording', 'register', 'telemetry', 'watchdog'].map(
  (folder) => `test/${folder}`,
);
const copied = [
  'src',
  'test',
  'scripts',
  'examples',
  'bench',
  'docs',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
  'spanledger.schema.json',
];
const configured = ['tsconfig.json', 'tsconfig.build.json', 'vitest.config.ts'];

const scratch = mkdtempSync(join(tmpdir(), 'spanledger-otel3-'));
try {
  const { node, version } = installNode(join(scratch, 'node'), nodeMajor);
  const copy = join(scratch, 'spanledger');
  copyProject(copy);
  const run = runnerIn(copy, node);
  run('npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error');
  checkVersions(copy, version);
  run(node, 'scripts/build.js');
  run(node, 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--noEmit');
  const paths = process.argv.length > 2 ? process.argv.slice(2) : suite;
  run(node, 'node_modules/vitest/vitest.mjs', 'run', ...paths);
  console.log('OpenTelemetry 3.x: all good.');
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** Without the lock file, which holds the 2.x line, and with the API that 3.x needs. */
function copyProject(copy) {
  for (const name of [...copied, ...configured]) cpSync(join(root, name), join(copy, name), { recursive: true });
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  manifest.devDependencies['@opentelemetry/api'] = '>=1.10.0 <1.11.0';
  writeFileSync(join(copy, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

function checkVersions(copy, nodeVersion) {
  const versionOf = (name) =>
    JSON.parse(readFileSync(join(copy, 'node_modules', name, 'package.json'), 'utf8')).version;
  const packages = [
    'api',
    'core',
    'sdk-trace',
    'sdk-logs',
    'sdk-metrics',
    'instrumentation-http',
    'resources',
    'otlp-transformer',
  ];
  const versions = packages.map((name) => `${name} ${versionOf(`@opentelemetry/${name}`)}`);
  console.log(`Node.js ${nodeVersion}, ${versions.join(', ')}`);
  const major = Number.parseInt(versionOf('@opentelemetry/sdk-trace'), 10);
  if (major !== 3) throw new Error(`npm picked the ${major}.x line of OpenTelemetry for Node.js ${nodeVersion}.`);
}

/** Runs commands in a directory, with `node` first in the path, and throws where one fails. */
function runnerIn(cwd, node) {
  const path = node === undefined ? process.env.PATH : `${dirname(node)}${delimiter}${process.env.PATH}`;
  return (command, ...parameters) => {
    console.log(`> ${command} ${parameters.join(' ')}`);
    const { status, error } = spawnSync(command, parameters, {
      cwd,
      stdio: 'inherit',
      env: { ...process.env, PATH: path },
    });
    if (status !== 0) throw new Error(`${command} ${parameters[0]} ended with ${status ?? error?.message}.`);
  };
}
