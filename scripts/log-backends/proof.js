// A proof with real servers: a folder for it, the servers that it starts, and what it finds.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const patienceMillis = 60_000;

/**
 * Runs a proof in a folder of its own. What it starts ends with it, and is shown when the proof fails.
 * @param {(scratch: string, start: Start) => Promise<void>} proof
 * @typedef {(binary: string, parameters: readonly string[], isReady: () => Promise<boolean>) => Promise<Server>} Start
 * @typedef {{ said: () => string, stop: () => Promise<void> }} Server
 */
export async function prove(proof) {
  const scratch = mkdtempSync(join(tmpdir(), 'spanledger-log-backends-'));
  const servers = [];
  const start = async (binary, parameters, isReady) => {
    const server = serverOf(binary, parameters, join(scratch, `server-${servers.length}.log`));
    servers.unshift(server);
    await until(`${binary} is ready`, () => server.lives() && isReady());
    return server;
  };
  try {
    await proof(scratch, start);
  } catch (error) {
    for (const server of servers) console.error(server.said());
    throw error;
  } finally {
    for (const server of servers) await server.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

function serverOf(binary, parameters, path) {
  const log = openSync(path, 'w');
  const child = spawn(binary, parameters, { stdio: ['ignore', log, log] });
  const ended = once(child, 'exit');
  return {
    lives() {
      if (child.exitCode !== null) throw new Error(`${binary} ended with ${child.exitCode}.`);
      return true;
    },
    said: () => readFileSync(path, 'utf8'),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Asks until something else than false is answered. */
export async function until(what, ask) {
  for (const deadline = Date.now() + 2 * patienceMillis; ; await sleep(200)) {
    const answer = await ask();
    if (answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`It is not so that ${what}.`);
  }
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

export function check(what, value, isRight) {
  if (!isRight(value)) throw new Error(`${what}: ${value}`);
  console.log(`${what}: ${value === '' ? 'none' : value}`);
}
