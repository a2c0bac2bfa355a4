// What a run of an example says over OTLP, found again in Loki.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { auditRows, root, runRecorded } from './command.js';
import { check } from './proof.js';

const session = 'night-2026-03-01';
const labelNames = ['deployment_environment_name', 'service_name'];

/** What it says is found by session and by trace, every row of its ledger is there with its trace id, and ids are no labels. */
export async function proveBatch(scratch, loki, endpoint, environment) {
  const directory = join(scratch, `ledger-${environment}`);
  mkdirSync(directory);
  runRecorded(['main.cjs'], {
    cwd: join(root, 'examples', 'legacy-batch'),
    env: {
      SPANLEDGER_DIR: directory,
      SPANLEDGER_EXIT_TIMEOUT: '30000',
      OTEL_SERVICE_NAME: 'legacy-batch',
      OTEL_RESOURCE_ATTRIBUTES: `deployment.environment.name=${environment}`,
      OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: endpoint,
    },
    code: 3,
  });
  const ledger = auditRows(directory, ['--session-id', session]);
  const base = `{service_name="legacy-batch", deployment_environment_name="${environment}"}`;
  const bySession = await loki.ask(`${base} | spanledger_session_id="${session}"`, ledger.length);
  const traces = [...new Set(ledger.map(({ trace_id: id }) => id))];
  check('traces of the session', traces.length, (count) => count === 1);
  const byTrace = await loki.ask(`${base} | trace_id="${traces[0]}"`, bySession.length);
  // The start of a step is a log event over OTLP, and a row of task_progress in the ledger.
  const told = bySession.filter(({ line }) => !/^step .* begins$/.test(line));
  check('lines by session id', bySession.length, (count) => count >= ledger.length);
  check('lines by trace id, at least those of the session', byTrace.length, (count) => count >= bySession.length);
  check('lines that the ledger does not have', without(told, ledger), (text) => text === '');
  check('rows of the ledger that Loki does not have', without(ledger, told), (text) => text === '');
  check('labels', (await loki.labels()).join(), (names) => names === labelNames.join());
}

/** Of some lines those that are not among others, each as often as it is there. */
function without(some, others) {
  const rest = others.map(said);
  return some
    .map(said)
    .filter((one) => {
      const place = rest.indexOf(one);
      if (place >= 0) rest.splice(place, 1);
      return place < 0;
    })
    .join('; ');
}

/** Text, trace and span, of a line in Loki and of a row. */
function said({ line, message, metadata, trace_id: trace, span_id: span }) {
  return [line ?? message, metadata?.trace_id ?? trace, metadata?.span_id ?? span].join(' ');
}
