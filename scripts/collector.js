// Proves that docs/log-backends.md is right about the OpenTelemetry Collector: starts a real one with the configuration that stands there, and
// a real Loki behind it. What `getLogger` writes into a file, and what an example says over OTLP, has to arrive in Loki whole.
//
//   node scripts/collector.js   SPANLEDGER_COLLECTOR=/path/to/otelcol-contrib and SPANLEDGER_LOKI=/path/to/loki take those that are there
//
// Without one it builds a Collector of the parts in question with Go (1.26 and later, three minutes of two processors) from the module proxy;
// it is kept in node_modules/.cache. Loki is that of scripts/loki.js. Needs a build of this project. Any failure ends with a code other than 0.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { proveBatch } from './log-backends/batch.js';
import { collectorVersion, startCollector } from './log-backends/collector.js';
import { linesOf, root, runRecorded } from './log-backends/command.js';
import { lokiVersion, startLoki } from './log-backends/loki.js';
import { check, freePort, prove, until } from './log-backends/proof.js';
import { proveQueries, proveRecords } from './log-backends/records.js';

/** So much rotates the file once. */
const rotatedBytes = 10e6;

/** Each level, with and without trace, correlation, fields and error; on request much, and records as large as they get. */
const program = `
import { trace } from '@opentelemetry/api';
import { getLogger, withCorrelationId, withLogContext } from 'spanledger';
const [run, bytes, large] = process.argv.slice(1);
const log = getLogger('orders');
log.warn(run + ' begins');
for (let number = 0; number < bytes / 20_000; number += 1) log.info(number + 'x'.repeat(20_000));
for (let number = 0; number < large; number += 1) {
  log.info('many', Object.fromEntries(Array.from({ length: 1000 }, (_, name) => [name, number])));
  log.info('much', { number, text: 'y'.repeat(890_000) });
  log.info(number + 'z'.repeat(890_000));
}
withCorrelationId(run + '-order-7', () => withLogContext({ job_id: 'job-9' }, () => {
  log.info('it began');
  trace.getTracer('orders').startActiveSpan('import', (span) => {
    log.info('uploaded “ä”', { files: 3, by: { name: 'Zoë', roles: ['a', 'b'] }, dry: false });
    log.error('it failed', new TypeError('no'));
    span.end();
  });
}));
trace.getTracer('orders').startActiveSpan('alone', (span) => {
  log.critical('two\\nlines');
  span.end();
});`;

await prove(async (scratch, start) => {
  const logs = join(scratch, 'logs');
  mkdirSync(logs);
  const port = await freePort();
  const places = { logs, loki: `http://127.0.0.1:${port}` };
  write(logs, 'before');
  const first = await startCollector(scratch, start, places);
  write(logs, 'without Loki');
  await until('the Collector misses Loki', () => first.said().includes('Exporting failed. Will retry'));
  await first.stop();
  write(logs, 'without Collector', { bytes: rotatedBytes, large: 5 });
  const loki = await startLoki(scratch, start, port);
  const second = await startCollector(scratch, start, places);
  write(logs, 'with both', { bytes: rotatedBytes });
  const records = recordsOf(logs);
  await proveRecords(loki, records);
  await proveQueries(loki, records);
  await proveBatch(scratch, loki, second.endpoint, 'staging');
  check('complaints of the Collector', complaints(second).join('; '), (text) => text === '');
  console.log(`Collector ${collectorVersion}, Loki ${lokiVersion}: what docs/log-backends.md says is so.`);
});

function complaints({ said }) {
  return linesOf(said()).filter((line) => /\t(?:warn|error|fatal)\t/.test(line));
}

/** Runs the program, which appends to the file. */
function write(logs, name, { bytes = 0, large = 0 } = {}) {
  const env = {
    SPANLEDGER_DIR: join(logs, '..', 'ledger'),
    SPANLEDGER_LOG_FILE: join(logs, 'app.log'),
    OTEL_SERVICE_NAME: 'importer',
    OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT: '5000',
  };
  runRecorded(['--input-type=module', '--eval', program, name, bytes, large], { cwd: root, env });
}

/** What is in the file and in those that it was before it was rotated. */
function recordsOf(logs) {
  const names = readdirSync(logs);
  check('files', names.sort().join(), (list) => list === 'app.log,app.log.1,app.log.2');
  return names.flatMap((name) => linesOf(readFileSync(join(logs, name), 'utf8')).map((line) => JSON.parse(line)));
}
