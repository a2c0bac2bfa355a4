// Proves that docs/log-backends.md is right about Loki: starts a real one with the limits that stand there, sends it what an example says over
// OTLP and what `getLogger` writes by way of the pipeline that stands there, and asks for it by session, trace, correlation and job.
//
//   node scripts/loki.js        SPANLEDGER_LOKI=/path/to/loki takes one that is there
//
// Without one it takes the release from GitHub, or builds it with Go (1.26 and later, half an hour of two processors) from the module
// proxy; it is kept in node_modules/.cache. Needs a build of this project. Any failure ends with a code other than 0.
import { join } from 'node:path';
import { parse } from 'yaml';
import { proveBatch } from './log-backends/batch.js';
import { linesOf, root, runRecorded } from './log-backends/command.js';
import { lokiVersion, startLoki } from './log-backends/loki.js';
import { block } from './log-backends/page.js';
import { check, prove } from './log-backends/proof.js';

/** Writes two lines in one context. */
const program = `
import { getLogger, withCorrelationId, withLogContext } from 'spanledger';
withCorrelationId('order-7', () => withLogContext({ job_id: 'job-9' }, () => {
  getLogger('orders').info('it began');
  getLogger('orders').error('it failed', new Error('no'));
}));`;

await prove(async (scratch, start) => {
  const loki = await startLoki(scratch, start);
  await proveBatch(scratch, loki, `${loki.url}/otlp/v1/logs`, 'production');
  await provePipeline(scratch, loki);
  console.log(`Loki ${lokiVersion}: what docs/log-backends.md says is so.`);
});

/** Lines of getLogger, made ready as the documented pipeline has it, are found by the queries that are documented. */
async function provePipeline(scratch, loki) {
  const env = { SPANLEDGER_DIR: join(scratch, 'ledger'), OTEL_SERVICE_NAME: 'importer' };
  const lines = linesOf(runRecorded(['--input-type=module', '--eval', program], { cwd: root, env }).stdout);
  const pushed = await fetch(`${loki.url}/loki/api/v1/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ streams: lines.map(toStream) }),
  });
  if (!pushed.ok) throw new Error(`Loki refused the lines: ${await pushed.text()}`);
  const [byCorrelation = '', byJob = ''] = linesOf(block('{service="importer"', 'logql'));
  const correlation = JSON.parse(lines[0] ?? '{}').correlation_id;
  const query = byCorrelation.replace(/correlation_id="[^"]*"/, `correlation_id="${correlation}"`);
  const found = await loki.ask(query, lines.length);
  check('lines by correlation id', found.length, (count) => count === lines.length);
  const errors = await loki.ask(byJob);
  check(
    'errors of a job, as the query shows them',
    errors.map(({ line }) => line).join(),
    (text) => text === 'it failed',
  );
}

/** A line as promtail makes it ready. */
function toStream(line) {
  const [job] = parse(block('# loki-pipeline')).scrape_configs;
  const stages = Object.assign({}, ...job.pipeline_stages);
  const { __path__: _, ...labels } = job.static_configs[0].labels;
  const record = JSON.parse(line);
  const read = Object.fromEntries(
    Object.entries(stages.json.expressions).map(([name, path]) => [name, at(record, path)]),
  );
  const chosen = (names) =>
    Object.fromEntries(Object.keys(names).flatMap((name) => (read[name] === undefined ? [] : [[name, read[name]]])));
  const nanos = `${Date.parse(read[stages.timestamp.source])}000000`;
  return {
    stream: { ...labels, ...chosen(stages.labels) },
    values: [[nanos, line, chosen(stages.structured_metadata)]],
  };
}

function at(record, path) {
  return path.split('.').reduce((value, name) => value?.[name], record);
}
