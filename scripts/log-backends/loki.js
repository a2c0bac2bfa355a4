// A real Loki, with the limits of docs/log-backends.md.
import { cpSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { go, keptBinary } from './binary.js';
import { run } from './command.js';
import { block } from './page.js';
import { freePort, patienceMillis } from './proof.js';

export const lokiVersion = '3.7.6';

/** Starts it, on a port if it has to be a certain one; `SPANLEDGER_LOKI` may name one that is there. Without one it takes the release from GitHub, or builds it. */
export async function startLoki(scratch, start, port) {
  const binary = await keptBinary(`loki-${lokiVersion}`, process.env.SPANLEDGER_LOKI, makeLoki);
  const [http, grpc] = [port ?? (await freePort()), await freePort()];
  const url = `http://127.0.0.1:${http}`;
  const path = join(scratch, 'loki.yaml');
  writeFileSync(path, stringify({ ...configuration(scratch, http, grpc), ...parse(block('# loki-limits')) }));
  const isReady = () => fetch(`${url}/ready`).then(...okOrNot);
  await start(binary, [`-config.file=${path}`], isReady);
  return { url, ask: (query, wanted) => ask(url, query, wanted), labels: () => labels(url) };
}

export const okOrNot = [({ ok }) => ok, () => false];

/** Lines that a query finds, once it finds as many as are wanted. */
async function ask(url, query, wanted = 1) {
  const parameters = new URLSearchParams({ query, limit: '5000', since: '1h' });
  for (const deadline = Date.now() + patienceMillis; ; await sleep(500)) {
    const { data } = await get(url, `/loki/api/v1/query_range?${parameters}`);
    const lines = data.result.flatMap(({ stream, values }) =>
      values.map(([nanos, line]) => ({ nanos, line, metadata: stream })),
    );
    if (lines.length >= wanted || Date.now() > deadline) return lines;
  }
}

/** Names of labels, without those that Loki keeps for itself. */
async function labels(url) {
  const { data } = await get(url, '/loki/api/v1/labels');
  return data.filter((name) => !name.startsWith('__')).sort();
}

async function get(url, path) {
  const response = await fetch(`${url}${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** One process, everything in memory and a directory. */
function configuration(scratch, http, grpc) {
  return {
    auth_enabled: false,
    analytics: { reporting_enabled: false },
    server: {
      http_listen_address: '127.0.0.1',
      http_listen_port: http,
      grpc_listen_address: '127.0.0.1',
      grpc_listen_port: grpc,
      // Its parts hand an answer to each other by gRPC.
      grpc_server_max_recv_msg_size: 1e8,
      grpc_server_max_send_msg_size: 1e8,
      log_level: 'error',
    },
    common: {
      instance_addr: '127.0.0.1',
      path_prefix: join(scratch, 'loki'),
      replication_factor: 1,
      ring: { kvstore: { store: 'inmemory' } },
      storage: { filesystem: { chunks_directory: join(scratch, 'chunks'), rules_directory: join(scratch, 'rules') } },
    },
    ingester: { lifecycler: { min_ready_duration: '0s' } },
    schema_config: {
      configs: [
        {
          from: '2024-01-01',
          store: 'tsdb',
          object_store: 'filesystem',
          schema: 'v13',
          index: { prefix: 'index_', period: '24h' },
        },
      ],
    },
  };
}

async function makeLoki(folder) {
  return (await fromRelease(folder)) ?? fromModules(folder);
}

/** Nothing where GitHub cannot be reached. */
async function fromRelease(folder) {
  const system = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const url = `https://github.com/grafana/loki/releases/download/v${lokiVersion}/loki-${system}.zip`;
  const response = await fetch(url).catch(() => undefined);
  if (response?.ok !== true) return undefined;
  writeFileSync(join(folder, 'loki.zip'), Buffer.from(await response.arrayBuffer()));
  run('unzip', ['-q', 'loki.zip'], { cwd: folder });
  renameSync(join(folder, `loki-${system}`), join(folder, 'loki'));
  return join(folder, 'loki');
}

/** `go install` refuses it for the replacements in its `go.mod`; one of them names a directory that the module does not hold. */
function fromModules(folder) {
  console.log('GitHub cannot be reached: Loki is built from the module proxy, which takes half an hour.');
  const { Dir: source } = JSON.parse(
    go(['mod', 'download', '-json', `github.com/grafana/loki/v3@v${lokiVersion}`], folder),
  );
  const copy = join(folder, 'source');
  cpSync(source, copy, { recursive: true });
  run('chmod', ['-R', 'u+w', copy], { cwd: folder });
  go(['mod', 'edit', '-dropreplace', 'github.com/grafana/loki/pkg/push'], copy);
  go(['build', '-tags', 'netgo', '-ldflags', '-s -w', '-o', join(folder, 'loki'), './cmd/loki'], copy);
  return join(folder, 'loki');
}
