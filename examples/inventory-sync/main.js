// @ts-check
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { audit, step, waitFor, workerLoop } from 'spanledger';
import { runCycle } from './cycle.js';
import { HeldError, takeInstanceLock } from './instance-lock.js';
import { createMisbehaviour } from './misbehaviour.js';
import { openCycleFile } from './open-cycle.js';
import { parseOptions, UsageError, usage } from './options.js';
import { startShop } from './shop.js';
import { createShop } from './shop-client.js';
import { openStore } from './store.js';
import { describeCycle } from './summary.js';

/** @typedef {import('./cycle.js').Components} Components */

const task = 'inventory-sync';

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${/** @type {Error} */ (error).message}\n`);
  process.exitCode = error instanceof UsageError ? 2 : error instanceof HeldError ? 3 : 1;
}

/** @param {string[]} argv */
async function main(argv) {
  const options = parseOptions(argv);
  if (options.help) {
    say(usage);
    return 0;
  }
  const databaseUrl = process.env.DATABASE_URL;
  if (options.misbehaviour?.way === 'lock' && !databaseUrl)
    throw new UsageError('--misbehave lock needs DATABASE_URL.');
  await mkdir(options.state, { recursive: true });
  const lock = await step('init:lock', () => takeInstanceLock(join(options.state, 'instance.lock')), { task });
  if (lock.takenFrom) say(`Took the lock of process ${lock.takenFrom.pid} over, which has ended.`);
  try {
    return await serve(options, databaseUrl);
  } finally {
    await lock.release();
  }
}

/**
 * @param {import('./options.js').Options} options
 * @param {string | undefined} databaseUrl
 */
async function serve(options, databaseUrl) {
  const signal = stopSignal();
  const store = await step('init:store', () => openStore({ databaseUrl, directory: options.state }), { task });
  try {
    const url = options.api ?? (await step('init:shop', () => startShop(options), { task }));
    const shop = createShop({ ...options, url, secret: process.env.SHOP_CLIENT_SECRET ?? 'demo', signal });
    await step('init:token', () => shop.authorise(), { task, limit: { minutes: 1 } });
    const misbehave = createMisbehaviour(options.misbehaviour, { shop, store });
    return await runCycles({ options, shop, store, cycles: openCycleFile(options.state), misbehave, signal, say });
  } catch (error) {
    if (signal.aborted) return 0;
    throw error;
  } finally {
    if (signal.aborted) say('Stopped.');
    await store.close();
  }
}

/** @param {Components} components */
async function runCycles(components) {
  const { options, signal } = components;
  const { intervalSeconds, once } = options;
  let isWell = true;
  do isWell = await runWithRetries(components);
  while (!once && (await waitFor({ seconds: intervalSeconds }, { reason: 'next cycle', signal, task })) === 'elapsed');
  return isWell || signal.aborted ? 0 : 1;
}

/** @param {Components} components @returns {Promise<boolean>} whether a cycle came to its end */
async function runWithRetries(components) {
  const { options, signal } = components;
  const loop = workerLoop(task, { successWithinMillis: 3 * 1000 * Math.max(60, options.intervalSeconds) });
  for (let attempt = 0; ; attempt += 1) {
    try {
      await loop.run(() => runAndTell(components));
      return true;
    } catch (error) {
      if (signal.aborted) return true;
      const { message } = /** @type {Error} */ (error);
      say(`The cycle failed: ${message}`);
      if (attempt === options.retries) {
        // The next cycle begins anew.
        await components.cycles.end();
        audit({ event: 'inventory.retries.exhausted', message: `given up after ${attempt + 1} attempts`, error });
        return false;
      }
      const reason = `retry ${attempt + 1} of ${options.retries}: ${message}`;
      await waitFor({ seconds: options.retryDelaySeconds }, { reason, signal, task });
    }
  }
}

/** @param {Components} components */
async function runAndTell(components) {
  const { shop } = components;
  const [from, callsBefore] = [performance.now(), shop.calls];
  const cycle = await runCycle(components);
  const seconds = (performance.now() - from) / 1000;
  const { outcome, expectedSeconds } = cycle;
  say(describeCycle({ ...cycle, seconds, calls: shop.calls - callsBefore }));
  audit({
    event: 'inventory.cycle.summary',
    message: `cycle ${outcome.id} ended ${outcome.state}`,
    details: { ...outcome.counts, seconds, expectedSeconds },
  });
}

/** Aborts with the first SIGINT or SIGTERM; a second one ends the process. */
function stopSignal() {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM']) {
    process.once(name, () => controller.abort(new DOMException(`Stopped by ${name}.`, 'AbortError')));
  }
  return controller.signal;
}

/** @param {string} line */
function say(line) {
  process.stdout.write(`${line}\n`);
}
