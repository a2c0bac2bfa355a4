// A real OpenTelemetry Collector, with the configuration of docs/log-backends.md.
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { go, keptBinary } from './binary.js';
import { run } from './command.js';
import { okOrNot } from './loki.js';
import { block } from './page.js';
import { freePort } from './proof.js';

/** Of the parts, and of what reads their configuration. */
export const collectorVersion = '0.159.0';
const stableVersion = '1.65.0';
const core = 'go.opentelemetry.io/collector';
const contrib = 'github.com/open-telemetry/opentelemetry-collector-contrib';

/** The parts that the configuration names. */
const parts = {
  dist: { name: 'otelcol', output_path: './out', version: collectorVersion },
  receivers: [
    { gomod: `${core}/receiver/otlpreceiver v${collectorVersion}` },
    { gomod: `${contrib}/receiver/filelogreceiver v${collectorVersion}` },
  ],
  processors: [{ gomod: `${contrib}/processor/resourceprocessor v${collectorVersion}` }],
  exporters: [{ gomod: `${core}/exporter/otlphttpexporter v${collectorVersion}` }],
  extensions: [{ gomod: `${contrib}/extension/storage/filestorage v${collectorVersion}` }],
  // Without the first it refuses to start.
  providers: [
    { gomod: `${core}/confmap/provider/envprovider v${stableVersion}` },
    { gomod: `${core}/confmap/provider/fileprovider v${stableVersion}` },
  ],
};

/**
 * Starts it on what the one before it in this folder has left; `SPANLEDGER_COLLECTOR` may name one that is there. Without one it is built.
 * @param {{ logs: string, loki: string }} places The folder of the files, and where Loki is.
 */
export async function startCollector(scratch, start, { logs, loki }) {
  const binary = await keptBinary(`otelcol-${collectorVersion}`, process.env.SPANLEDGER_COLLECTOR, makeCollector);
  const port = await freePort();
  const path = join(scratch, 'collector.yaml');
  writeFileSync(path, stringify(configuration(scratch, logs, loki, port)));
  run(binary, ['validate', `--config=file:${path}`], { cwd: scratch });
  const endpoint = `http://127.0.0.1:${port}/v1/logs`;
  const nothing = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
  const isReady = () => fetch(endpoint, nothing).then(...okOrNot);
  return { endpoint, ...(await start(binary, [`--config=file:${path}`], isReady)) };
}

/** That of the page; only places are other ones, and nothing listens for those who would watch the Collector itself. */
function configuration(scratch, logs, loki, port) {
  const page = parse(block('# loki-collector'));
  const { file_log: files, otlp } = page.receivers;
  files.include = files.include.map((pattern) => join(logs, basename(pattern)));
  otlp.protocols.http.endpoint = `127.0.0.1:${port}`;
  page.exporters['otlp_http/loki'].endpoint = `${loki}/otlp`;
  page.extensions.file_storage.directory = join(scratch, 'otelcol');
  page.service.telemetry = { metrics: { level: 'none' } };
  return page;
}

function makeCollector(folder) {
  console.log('The Collector is built from the module proxy, which takes some minutes.');
  go(['install', `${core}/cmd/builder@v${collectorVersion}`], folder, { GOBIN: folder, GOFLAGS: '' });
  writeFileSync(join(folder, 'builder.yaml'), stringify(parts));
  run(join(folder, 'builder'), ['--config=builder.yaml'], { cwd: folder, env: { CGO_ENABLED: '0' } });
  return join(folder, 'out', 'otelcol');
}
