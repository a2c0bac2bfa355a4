// docs/performance.md from the results of the benchmarks.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { figure, isReached } from '../../bench/measurement.js';
import { bullets, page, table } from './markdown.js';

/** Sections of the page in their order, by the names of the results. */
const order = [
  'hot-path',
  'ship',
  'sustained',
  'keep-up',
  'queries',
  'growth',
  'memory',
  'embedded',
  'journal',
  'watchdog',
  'http',
  'logs',
  'startup',
];

/** What the benchmarks have left in a folder, by name. */
export function benchmarkResults(folder) {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return Object.fromEntries(
    names.map((name) => [name.slice(0, -'.json'.length), JSON.parse(readFileSync(join(folder, name), 'utf8'))]),
  );
}

/** @param results the files of bench/results, parsed, by name */
export function performancePage(results) {
  const shown = order.flatMap((name) => (results[name] === undefined ? [] : [results[name]]));
  return page('`bench/results`, which `npm run bench` writes', [
    '# Performance',
    introduction,
    machines(shown),
    bullets(ways),
    '## Goals',
    goals(shown),
    ...shown.flatMap(section),
  ]);
}

const introduction = `Every figure has a peer or a limit that was measured in the same run on the same machine, in turns: the speed of the machine
drops out of a ratio, and out of nothing else. Records a second and milliseconds are those of this machine alone.`;

const ways = [
  '`npm run bench` measures all of it again and writes this page: a quarter of an hour, on a machine that does nothing else.',
  '`npm run bench -- --small` tries everything with small sizes in a few minutes and writes nothing.',
  '`npm run bench -- --only ship` measures one; each section ends with its own command.',
];

function machines(results) {
  const lines = [...new Set(results.map(({ machine }) => machineLine({ ...machine, postgres: undefined })))];
  const servers = [...new Set(results.flatMap(({ machine }) => machine.postgres ?? []))];
  const machine = lines.length === 1 ? lines[0] : `several machines: ${lines.join('; ')}`;
  return `Measured on ${machine}${servers.length === 0 ? '' : `, with Postgres ${servers.join(' and ')}`}.`;
}

function machineLine({ processors, model, memoryGigabytes, platform, node }) {
  return `${processors} processors (${model}), ${memoryGigabytes} GB of memory, ${platform}, Node.js ${node}`;
}

function goals(results) {
  const rows = results.flatMap(({ title, goals: asked }) => asked.map((goal) => [title, ...goalCells(goal)]));
  return table(['section', 'goal', 'asked', 'measured', ''], rows);
}

function goalCells({ what, bound, limit, value, unit = '' }) {
  const measured = value ?? Number.NaN;
  const verdict = isReached({ what, bound, limit, value: measured }) ? 'reached' : '**missed**';
  return [what, `${bound} ${limit.toLocaleString('en')}${unit}`, `${figure(measured)}${unit}`, verdict];
}

function section({ title, about, bound, command, tables }) {
  return [
    `## ${title}`,
    about,
    ...tables.flatMap((one) => [`${one.title}:`, table(one.columns, one.rows)]),
    bound,
    `\`\`\`sh\n${command}\n\`\`\``,
  ];
}
