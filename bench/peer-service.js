// @ts-check
// A service of Express and pg with its own packages, in which spanledger and the register of
// `@opentelemetry/auto-instrumentations-node` can be compared: the last version of that which this Node.js runs.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packed } from './packed.js';

export const peerVersion = Number.parseInt(process.versions.node, 10) < 22 ? '0.81.2' : '0.82.0';
export const peerName = 'auto-instrumentations-node, OTLP';
export const peerFlags = ['--require', '@opentelemetry/auto-instrumentations-node/register'];

/** Installs the packages, the packed package of this checkout among them. @param {string} directory */
export function installService(directory) {
  mkdirSync(directory, { recursive: true });
  const packages = [
    `@opentelemetry/auto-instrumentations-node@${peerVersion}`,
    '@opentelemetry/api',
    'express@5',
    'pg@8',
    packed(directory),
  ];
  writeFileSync(join(directory, 'package.json'), '{"private":true}\n');
  const parameters = [
    'install',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--omit=optional',
    '--prefer-offline',
    '--loglevel=error',
  ];
  const { status } = spawnSync('npm', [...parameters, ...packages], { cwd: directory, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('The peer could not be installed.');
}
