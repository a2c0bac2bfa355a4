// @ts-check
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * Starts the small shop as a process of its own, which ends with this one however that ends.
 * @param {{ shopPages: number, rate: { calls: number, seconds: number } }} options
 * @returns {Promise<string>} its URL
 */
export async function startShop({ shopPages, rate }) {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const flags = { pages: shopPages, calls: rate.calls, per: rate.seconds };
  const child = fork(
    fileURLToPath(new URL('shop-server.js', import.meta.url)),
    Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]),
    { env, execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  );
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`The shop ended with ${code} before it could answer.`);
  });
  const [{ url }] = /** @type {[{ url: string }]} */ (await Promise.race([once(child, 'message'), failed]));
  failed.catch(() => undefined);
  child.unref();
  child.channel?.unref();
  return url;
}
