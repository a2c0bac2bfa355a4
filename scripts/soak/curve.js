// @ts-check
import { watched } from './growth.js';

/** @typedef {import('./sample.js').Sample} Sample */

const bars = '▁▂▃▄▅▆▇█';
const width = 60;

/** The figures of a sample, in the order of the line. */
const told = /** @type {const} */ ([
  'rss',
  'heap',
  'handles',
  'fds',
  'threads',
  'loopDelay',
  'journal',
  'waiting',
  'records',
  'shipAge',
  'connections',
  'openUnits',
]);

/** One look in a line. @param {Sample} sample */
export function describeSample(sample) {
  const { at } = sample;
  return `${String(at).padStart(6)} s  ${told.map((name) => `${name} ${figure(sample[name])}`).join('  ')}`;
}

/**
 * The whole run: a curve for each figure, the trends, what was counted, and the findings.
 * @param {{ samples: readonly Sample[], growth: readonly any[], totals: Record<string, number>, findings: readonly string[] }} result
 */
export function describeSoak({ samples, growth, totals, findings }) {
  const trends = new Map(growth.map((line) => [line.name, line]));
  const names = [...new Set([...watched.map(({ name }) => name), 'loopDelay', 'waiting', 'shipAge', 'openUnits'])];
  return [
    ...names.map((name) => curveLine(name, samples, trends.get(name))),
    curveLine('records/s', rates(samples), undefined),
    '',
    Object.entries(totals)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
    findings.length === 0
      ? 'Nothing grows, nothing is left open, and every record is there once.'
      : findings.map((finding) => `FINDING ${finding}`).join('\n'),
  ].join('\n');
}

/** @param {string} name @param {readonly any[]} samples @param {any} trend */
function curveLine(name, samples, trend) {
  const values = samples.map((sample) => sample[name]).filter((value) => value !== undefined);
  if (values.length === 0) return `${name.padEnd(14)} no figures`;
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const slope =
    trend === undefined ? '' : `  ${trend.note ?? `${trend.perHour} ± ${trend.uncertainty} ${trend.unit}/h`}`;
  return `${name.padEnd(14)} ${curve(values, least, most).padEnd(width)}  ${figure(least)} to ${figure(most)}${slope}`;
}

/** @param {readonly number[]} values @param {number} least @param {number} most */
function curve(values, least, most) {
  const length = Math.min(width, values.length);
  return Array.from({ length }, (_, index) => {
    const part = values.slice(
      Math.floor((index * values.length) / length),
      Math.ceil(((index + 1) * values.length) / length),
    );
    const mean = part.reduce((sum, value) => sum + value, 0) / part.length;
    return bars[most === least ? 0 : Math.round(((mean - least) / (most - least)) * (bars.length - 1))];
  }).join('');
}

/** @param {readonly Sample[]} samples */
function rates(samples) {
  return samples.flatMap((sample, index) => {
    const before = samples[index - 1];
    if (before?.records === undefined || sample.records === undefined) return [];
    return [{ 'records/s': (sample.records - before.records) / (sample.at - before.at) }];
  });
}

/** @param {number | undefined} value */
function figure(value) {
  if (value === undefined) return '-';
  return String(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toFixed(1)));
}
