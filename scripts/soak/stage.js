// @ts-check
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import '../../test/harness/typescript.js';
import { countLines } from './line-count.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const floor = new URL('floor.js', import.meta.url).href;
const pagesPerPlatform = 1500;
const graceMillis = 30_000;

/** @typedef {Awaited<ReturnType<typeof createStage>>} Stage */

/**
 * Everything that runs during a soak: a Postgres, a shop, and the daemon under its supervisor, all in a directory of their own.
 * @param {{ rate: number }} options
 */
export async function createStage({ rate }) {
  const { startPostgres } = await import('../../test/harness/postgres-server.ts');
  const directory = mkdtempSync(join(tmpdir(), 'spanledger-soak-'));
  const place = {
    directory,
    copy: join(directory, 'copy'),
    ledger: join(directory, 'ledger'),
    state: join(directory, 'state'),
  };
  copyBuild(place.copy);
  const postgres = await startPostgres();
  const environment = { ...ownEnvironment(), DATABASE_URL: postgres.url, SPANLEDGER_DIR: place.ledger };
  /** @type {(() => unknown)[]} */
  const closing = [() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }), () => postgres.stop()];
  try {
    await runCommand(place.copy, environment, ['migrate', 'up']);
    const lines = countLines(place.ledger, join(directory, 'witness'));
    closing.push(() => lines.close());
    const shop = await startShop(place.copy, rate);
    closing.push(() => shop.disconnect());
    const supervisor = startDaemon({ ...place, environment, api: shop.url, rate });
    closing.push(() => supervisor.kill());
    return stageOf({ ...place, postgres, environment, lines, supervisor, closing });
  } catch (error) {
    await closeAll(closing);
    throw error;
  }
}

function stageOf({ copy, state, ledger, postgres, environment, lines, supervisor, closing }) {
  let isEnding = false;
  const daemonPid = () => pidInLock(join(state, 'instance.lock'));
  return {
    url: postgres.url,
    ledger,
    lines,
    supervisorPid: supervisor.pid,
    /** Process id of the daemon; `undefined` while it starts. */
    daemonPid,
    /** Where the daemon says what its memory holds. */
    floorPath: `${state}.floor.json`,
    /** Throws where the supervisor has ended: then nothing is left to look at. */
    requireDaemon() {
      if (supervisor.hasEnded() && !isEnding) throw new Error(`The supervisor has ended:\n${supervisor.output()}`);
    },
    killDaemon() {
      const pid = daemonPid();
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    },
    restartPostgres: () => postgres.restart(),
    /** Stops the daemon as systemd would, and ships what is left. */
    async endDaemon() {
      isEnding = true;
      const code = await supervisor.stop();
      if (code !== 0) throw new Error(`The daemon ended with ${code}:\n${supervisor.output()}`);
      lines.look();
      await runCommand(copy, environment, ['ship']);
      await runCommand(copy, environment, ['recover']);
    },
    close: () => closeAll(closing),
  };
}

/** Builds of others, meanwhile, change nothing. @param {string} copy */
function copyBuild(copy) {
  for (const name of ['package.json', 'dist', 'examples'])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir');
}

/** @param {string} copy @param {number} rate */
async function startShop(copy, rate) {
  const limit = ['--calls', String(Math.ceil(rate * 1.5) + 20), '--per', '1', '--pages', String(pagesPerPlatform)];
  const shop = fork(join(copy, 'examples/inventory-sync/shop-server.js'), limit, {
    env: ownEnvironment(),
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [{ url }] = await once(shop, 'message');
  return { url, disconnect: () => shop.connected && shop.disconnect() };
}

/** @param {{ copy: string, state: string, environment: NodeJS.ProcessEnv, api: string, rate: number }} options */
function startDaemon({ copy, state, environment, api, rate }) {
  const own = ['--api', api, '--state', state, '--interval', '1', '--concurrency', '8'];
  const limits = ['--calls', String(rate), '--per', '1', '--retries', '1000000', '--retry-delay', '1'];
  const supervision = ['--restart', 'on-failure', '--max-restarts', '1000000', '--delay', '1', '--reset-after', '1'];
  const program = [process.execPath, '--import', floor, 'examples/inventory-sync/main.js', ...own, ...limits];
  const child = spawn(process.execPath, ['dist/cli/main.js', 'run', ...supervision, '--', ...program], {
    cwd: copy,
    env: { ...environment, OTEL_SERVICE_NAME: 'inventory-sync', SOAK_FLOOR: `${state}.floor.json` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output = (output + text).slice(-10_000);
    });
  }
  const exit = once(child, 'exit');
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  return {
    pid: child.pid,
    hasEnded,
    output: () => output,
    async stop() {
      if (!hasEnded()) child.kill('SIGTERM');
      const late = pause(graceMillis, 'late', { ref: false });
      const ended = await Promise.race([exit, late]);
      return ended === 'late' ? 'no exit within half a minute' : (child.exitCode ?? child.signalCode);
    },
    /** The daemon ends with its supervisor, however that ends. */
    async kill() {
      if (!hasEnded()) child.kill('SIGKILL');
      await exit;
      await pause(100);
    },
  };
}

/** @param {string} cwd @param {NodeJS.ProcessEnv} env @param {string[]} argv */
async function runCommand(cwd, env, argv) {
  const child = spawn(process.execPath, ['dist/cli/main.js', ...argv], {
    cwd,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`spanledger ${argv.join(' ')} ended with ${code}.`);
}

/** @param {string} path */
function pidInLock(path) {
  try {
    const { pid } = JSON.parse(readFileSync(path, 'utf8'));
    return Number.isInteger(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}

function ownEnvironment() {
  const foreign = /^(?:DATABASE_URL|SPANLEDGER_|OTEL_|NODE_OPTIONS)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

/** What began last ends first. @param {(() => unknown)[]} closing */
async function closeAll(closing) {
  for (const close of closing.splice(0).reverse()) {
    try {
      await close();
    } catch (error) {
      process.stderr.write(`${/** @type {Error} */ (error).message}\n`);
    }
  }
}
