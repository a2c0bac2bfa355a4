// Another Node.js.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { installNewest, run } from './package.js';

/** Installs the newest release of a major version of Node.js from npm into a folder. */
export function installNode(folder, major) {
  mkdirSync(folder, { recursive: true });
  const isWindows = process.platform === 'win32';
  const bin = join(installNewest(folder, `node-${isWindows ? 'win' : process.platform}-${process.arch}`, major), 'bin');
  const node = join(bin, isWindows ? 'node.exe' : 'node');
  return { bin, node, version: run(node, ['--version'], {}).stdout.trim().slice(1) };
}
