// Records that `getLogger` has written, held against what Loki has of them by way of the Collector.
import { linesOf } from './command.js';
import { block } from './page.js';
import { check } from './proof.js';

/** Numbers of OpenTelemetry. */
const severities = { DEBUG: '5', INFO: '9', WARNING: '13', ERROR: '17', CRITICAL: '21' };
/** What Loki and the Collector say of themselves. */
const theirs = ['__stream_shard__', 'detected_level', 'log_file_name', 'observed_timestamp'];

/** Each record is there once, with its time, level and ids and everything else that it says. */
export async function proveRecords(loki, records) {
  const query = '{service_name="importer", deployment_environment_name="production"}';
  const left = await loki.ask(query, records.length);
  check('records of files', left.length, (count) => count === records.length);
  for (const wanted of records.map(expected)) {
    const place = left.findIndex((one) => differences(wanted, one).length === 0);
    if (place < 0) throw new Error(nearest(wanted, left));
    left.splice(place, 1);
  }
  const traced = records.filter((record) => record.trace_id !== undefined);
  check('of which with a trace id', traced.length, (count) => count > 0 && count < records.length);
}

/** What Loki has to answer for a record. */
function expected({ timestamp, level, message, service, ...rest }) {
  const { extra_job_id: job, ...metadata } = flat(rest);
  return {
    nanos: `${Date.parse(timestamp)}000000`,
    line: message,
    metadata: {
      service_name: service,
      deployment_environment_name: 'production',
      severity_text: level,
      severity_number: severities[level],
      ...metadata,
      ...(job !== undefined && { job_id: job }),
    },
  };
}

/** The queries of the page find the records of a correlation id, and the errors of a job. */
export async function proveQueries(loki, records) {
  const [byCorrelation = '', byJob = ''] = linesOf(block('| severity_text=', 'logql'));
  const { correlation_id: correlation } = records.find((record) => record.extra?.job_id === 'job-9');
  const query = byCorrelation.replace(/correlation_id="[^"]*"/, `correlation_id="${correlation}"`);
  const found = (await loki.ask(query)).map(({ line }) => line);
  const wanted = records.filter((record) => record.correlation_id === correlation).map(({ message }) => message);
  check('lines by correlation id', found.sort().join(), (text) => text === wanted.sort().join());
  const errors = (await loki.ask(byJob)).length;
  const failed = records.filter(({ level, extra }) => level === 'ERROR' && extra?.job_id === 'job-9').length;
  check('errors of a job', errors, (count) => count > 0 && count === failed);
}

/** Underscores for dots; lists stay whole. */
function flat(value, path = []) {
  if (typeof value !== 'object' || Array.isArray(value)) {
    return { [path.join('_')]: typeof value === 'string' ? value : JSON.stringify(value) };
  }
  return Object.assign({}, ...Object.entries(value).map(([name, one]) => flat(one, [...path, name])));
}

function differences(wanted, { nanos, line, metadata }) {
  const names = new Set([...Object.keys(wanted.metadata), ...Object.keys(metadata)]);
  return [
    ...(nanos === wanted.nanos ? [] : [`time ${nanos}`]),
    ...(line === wanted.line ? [] : [`line ${line.slice(0, 100)}`]),
    ...[...names]
      .filter((name) => !theirs.includes(name) && metadata[name] !== wanted.metadata[name])
      .map((name) => `${name} ${metadata[name]} instead of ${wanted.metadata[name]}`),
  ];
}

function nearest(wanted, left) {
  const [least] = left.map((one) => differences(wanted, one)).sort((one, other) => one.length - other.length);
  return `"${wanted.line.slice(0, 100)}" is not there as it was written; the nearest one has ${least?.join(', ')}.`;
}
