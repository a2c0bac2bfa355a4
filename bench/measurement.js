// @ts-check
// What all measurements share: medians, and results as data that are printed, kept, and made into a page.
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { basename, dirname } from 'node:path';

/**
 * A table of a result. Cells are numbers or texts, ready to be shown.
 * @typedef {object} ResultTable
 * @property {string} title
 * @property {readonly string[]} columns
 * @property {readonly (readonly (string | number)[])[]} rows
 */

/**
 * What was asked of a figure, and what it came to.
 * @typedef {object} Goal
 * @property {string} what
 * @property {'at least' | 'at most'} bound
 * @property {number} limit
 * @property {number} value
 * @property {string} [unit]
 */

/**
 * @typedef {object} Result
 * @property {string} name
 * @property {string} title
 * @property {string} about how it was measured, in a sentence or two
 * @property {string} bound what limits the figures
 * @property {readonly ResultTable[]} tables
 * @property {readonly Goal[]} goals
 */

/** @param {readonly number[]} values */
export function median(values) {
  return quantile(values, 0.5);
}

/** @param {readonly number[]} values @param {number} share in [0, 1] */
export function quantile(values, share) {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** A number with as many digits as it means something. @param {number} value */
export function figure(value) {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** @param {Goal} goal */
export function isReached({ bound, limit, value }) {
  if (!Number.isFinite(value)) return false;
  return bound === 'at least' ? value >= limit : value <= limit;
}

/**
 * The class of the machine, without its name.
 * @param {string} [postgres] version of the server
 */
export function machine(postgres) {
  return {
    processors: availableParallelism(),
    model: cpus()[0]?.model.trim() || process.arch,
    memoryGigabytes: Math.round(totalmem() / 1024 ** 3),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    ...(postgres === undefined ? {} : { postgres }),
  };
}

/**
 * A result as it is kept.
 * @typedef {Result & { machine: ReturnType<typeof machine>, command: string }} KeptResult
 */

/**
 * Prints a result, and keeps it where a file is named.
 * @param {Result} result
 * @param {{ json?: string | undefined, postgres?: string }} options
 */
export function report(result, { json, postgres }) {
  console.log(`\n${result.title}\n${result.about}\n`);
  for (const { title, columns, rows } of result.tables) {
    console.log(`${title}\n`);
    console.log(textTable([columns, ...rows.map((row) => row.map(String))]));
  }
  for (const goal of result.goals) {
    const { what, bound, limit, value, unit = '' } = goal;
    console.log(
      `${isReached(goal) ? 'reached' : 'MISSED '}  ${what}: ${figure(value)}${unit}, ${bound} ${limit}${unit}`,
    );
  }
  if (json === undefined) return;
  mkdirSync(dirname(json), { recursive: true });
  const kept = { machine: machine(postgres), command: command(), ...result };
  writeFileSync(json, `${JSON.stringify(kept, undefined, 2)}\n`);
}

/** How to measure this again. Where a result is written and which server is used concern nobody else. */
function command() {
  const [, script = '', ...args] = process.argv;
  const own = args.flatMap((arg, index) => (isPlace(arg) || isPlace(args[index - 1]) ? [] : [arg]));
  return ['node', `bench/${basename(script)}`, ...own].join(' ');
}

/** @param {string | undefined} arg */
function isPlace(arg) {
  return arg === '--json' || arg === '--server';
}

/** @param {readonly (readonly string[])[]} rows */
function textTable(rows) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
  return `${lines.join('\n')}\n`;
}
