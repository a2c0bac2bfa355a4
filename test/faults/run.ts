import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Report } from './fault.ts';
import { type FaultName, faultNames } from './fault-names.ts';

/** It mostly waits for time limits, so in its small form it runs beside the others. */
const patient: FaultName = 'black-hole';

const minute = 60_000;
const loader = join(import.meta.dirname, '..', 'harness', 'typescript.js');
const running = new Set<ChildProcess>();

const { values } = parseArgs({
  options: {
    full: { type: 'boolean' },
    only: { type: 'string', multiple: true },
    seed: { type: 'string' },
    // A page between whose marks the table is written.
    into: { type: 'string' },
    // A folder with what programs that were run one by one have told, `<fault>.json`; nothing is run then.
    from: { type: 'string' },
  },
});
const chosen = faultNames.filter((name) => values.only === undefined || values.only.includes(name));
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    for (const child of running) child.kill('SIGTERM');
    process.exitCode = 1;
  });
}
process.exitCode = values.from === undefined ? await runAll(chosen) : conclude(readReports(values.from));

/** Runs faults and prints what became of them. Answers the exit code. */
async function runAll(names: readonly FaultName[]): Promise<number> {
  const isFull = values.full === true;
  const beside = !isFull && names.length > 1 && names.includes(patient) ? runOne(patient) : undefined;
  const reports: Report[] = [];
  for (const name of names) if (beside === undefined || name !== patient) reports.push(await runOne(name));
  if (beside !== undefined) reports.push(await beside);
  return conclude(reports);
}

function readReports(folder: string): readonly Report[] {
  return chosen.flatMap((name) => {
    const path = join(folder, `${name}.json`);
    const last = existsSync(path) ? (readFileSync(path, 'utf8').trim().split('\n').at(-1) ?? '') : '';
    return last.startsWith('{') ? [JSON.parse(last) as Report] : [];
  });
}

function conclude(reports: readonly Report[]): number {
  print(reports);
  const failed = reports.filter(({ verdict }) => verdict !== 'held').length;
  process.stdout.write(`\n${reports.length - failed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

/** Runs one fault in a process of its own, which ends whatever it has started. */
async function runOne(name: FaultName): Promise<Report> {
  const sizes = [
    ...(values.full === true ? ['--full'] : []),
    ...(values.seed === undefined ? [] : ['--seed', values.seed]),
  ];
  const child = spawn(process.execPath, ['--import', loader, join(import.meta.dirname, `${name}.ts`), ...sizes], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  const timer = setTimeout(() => child.kill('SIGTERM'), values.full === true ? 240 * minute : 10 * minute);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  running.delete(child);
  const last = output.trim().split('\n').at(-1) ?? '';
  return last.startsWith('{') ? JSON.parse(last) : crashed(name, `the program ended with ${code ?? signal}`);
}

function crashed(fault: string, why: string): Report {
  const counts = { seed: 0, runs: 0, acknowledged: 0, stored: 0, dropped: 0, deadLetters: 0, doubled: 0, seconds: 0 };
  return { fault, ...counts, verdict: 'FAILED', figures: {}, faults: [why] };
}

function print(reports: readonly Report[]): void {
  const text = tableOf(reports);
  process.stdout.write(`\n${text}`);
  for (const { fault, faults: found } of reports)
    for (const line of found) process.stdout.write(`- ${fault}: ${line}\n`);
  if (values.into === undefined) return;
  const page = readFileSync(values.into, 'utf8');
  const marked = page.replace(
    /(<!-- faults -->\n)[\s\S]*?(<!-- \/faults -->)/,
    (_, begin, end) => `${begin}\n${text}\n${end}`,
  );
  writeFileSync(values.into, marked);
}

/** A table that reads well on a terminal and in Markdown. */
function tableOf(reports: readonly Report[]): string {
  const head = [
    'fault',
    'seed',
    'runs',
    'acknowledged',
    'stored',
    'dropped',
    'doubled',
    'seconds',
    'verdict',
    'measured',
  ];
  const rows = reports.map((report) => [
    report.fault,
    ...[report.seed, report.runs, report.acknowledged, report.stored, report.dropped, report.doubled].map(String),
    report.seconds.toFixed(1),
    report.verdict,
    Object.entries(report.figures)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
  ]);
  const widths = head.map((name, index) => Math.max(name.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |\n`;
  return `${line(head)}${line(widths.map((width) => '-'.repeat(width)))}${rows.map(line).join('')}`;
}
