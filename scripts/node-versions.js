// Runs the tests with other major versions of Node, each from npm into a temporary folder. Needs a build.
//
//   node scripts/node-versions.js [22 24 ...] [--into docs/reliability.md] [-- test path ...]
import { delimiter } from 'node:path';
import { readArguments } from './versions/arguments.js';
import { installNode } from './versions/node.js';
import { testAll } from './versions/suite.js';
import { markIn, tableOf } from './versions/table.js';

const supported = ['20', '22', '24', '26'];

const { majors, paths, into } = readArguments();
const rows = testAll(majors.length > 0 ? majors : supported, install, paths);
console.log(`\n${tableOf('Node.js', rows)}`);
if (into !== undefined) markIn(into, 'Node.js', rows);

function install(scratch, major) {
  const { bin, node, version } = installNode(scratch, major);
  // Programs that tests start by their name find this one too.
  return { version, node, env: { PATH: `${bin}${delimiter}${process.env.PATH}` } };
}
