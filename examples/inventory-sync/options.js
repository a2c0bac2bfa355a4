// @ts-check
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** Ways in which the daemon can be told to hang, for those who want to see what the ledger says then. */
export const misbehaviours = /** @type {const} */ ([
  'loop',
  'regex',
  'atomics',
  'lock',
  'http',
  'promise',
  'stdout',
  'stop',
]);

/** @typedef {typeof misbehaviours[number]} Misbehaviour */

export const usage = `Usage: node --import spanledger/register examples/inventory-sync/main.js [options]

Keeps the stock of a shop's pages in a store of its own, cycle after cycle. The store is Postgres when DATABASE_URL is set,
else a file.

  --interval SECONDS   wait between two cycles (default 10800)
  --once               one cycle, then the end
  --platforms LIST     only these, separated by commas (default web,app)
  --max-items N        only the first N pages
  --dry-run            read everything, store nothing
  --stock-check-only   compare quantities and leave prices alone
  --skip-cache-update  use the page list of the last cycle
  --api URL            the shop (default: a small one is started beside the daemon)
  --shop-pages N       pages of that small shop, per platform (default 60)
  --calls N            calls to the shop within --per (default 5000)
  --per SECONDS        (default 3600)
  --concurrency N      pages in work at once (default 4)
  --retries N          further attempts of a cycle that failed (default 3)
  --retry-delay SECONDS  wait before each of them (default 60)
  --state DIR          lock, page list, open cycle and file store (default .inventory-sync)
  --misbehave WAY      hang on purpose: ${misbehaviours.join(', ')}
  --misbehave-at WHERE batch:N, from 1 (default batch:1)
  --help               print this text

Exit code: 0 all is well or stopped by SIGINT or SIGTERM, 1 failed, 2 wrong usage, 3 another instance runs.
`;

/** Said to a user whose command line cannot be run. */
export class UsageError extends Error {}

/** @typedef {Exclude<ReturnType<typeof parseOptions>, { help: true }>} Options */

/** @param {string[]} argv */
export function parseOptions(argv) {
  const values = parse(argv);
  if (values.help) return { help: /** @type {const} */ (true) };
  return {
    help: /** @type {const} */ (false),
    intervalSeconds: toNumber('interval', values.interval ?? '10800'),
    once: values.once ?? false,
    platforms: toNames('platforms', values.platforms ?? 'web,app'),
    maxItems: values['max-items'] === undefined ? undefined : toCount('max-items', values['max-items']),
    dryRun: values['dry-run'] ?? false,
    stockCheckOnly: values['stock-check-only'] ?? false,
    skipCacheUpdate: values['skip-cache-update'] ?? false,
    api: values.api,
    shopPages: toCount('shop-pages', values['shop-pages'] ?? '60'),
    rate: { calls: toCount('calls', values.calls ?? '5000'), seconds: toNumber('per', values.per ?? '3600') },
    concurrency: toCount('concurrency', values.concurrency ?? '4'),
    retries: toNumber('retries', values.retries ?? '3'),
    retryDelaySeconds: toNumber('retry-delay', values['retry-delay'] ?? '60'),
    state: resolve(values.state ?? '.inventory-sync'),
    misbehaviour: toMisbehaviour(values.misbehave, values['misbehave-at'] ?? 'batch:1'),
  };
}

/** @param {string[]} args */
function parse(args) {
  const string = { type: /** @type {const} */ ('string') };
  const boolean = { type: /** @type {const} */ ('boolean') };
  try {
    return parseArgs({
      args,
      options: {
        interval: string,
        once: boolean,
        platforms: string,
        'max-items': string,
        'dry-run': boolean,
        'stock-check-only': boolean,
        'skip-cache-update': boolean,
        api: string,
        'shop-pages': string,
        calls: string,
        per: string,
        concurrency: string,
        retries: string,
        'retry-delay': string,
        state: string,
        misbehave: string,
        'misbehave-at': string,
        help: boolean,
      },
    }).values;
  } catch (error) {
    throw new UsageError(/** @type {Error} */ (error).message);
  }
}

/**
 * @param {string} name
 * @param {string} value
 */
function toNumber(name, value) {
  const number = value.trim() === '' ? Number.NaN : Number(value);
  if (!(number >= 0 && number < 1e9)) throw new UsageError(`--${name} is ${value}; it takes a number from 0 on.`);
  return number;
}

/**
 * @param {string} name
 * @param {string} value
 */
function toCount(name, value) {
  const number = toNumber(name, value);
  if (!Number.isInteger(number) || number < 1) {
    throw new UsageError(`--${name} is ${value}; it takes a whole number from 1 on.`);
  }
  return number;
}

/**
 * @param {string} name
 * @param {string} value
 */
function toNames(name, value) {
  const names = value.split(',').map((part) => part.trim());
  if (names.every((part) => /^[\w-]+$/.test(part))) return [...new Set(names)];
  throw new UsageError(`--${name} is ${value}; it takes names separated by commas, such as web,app.`);
}

/**
 * @param {string | undefined} name
 * @param {string} where
 */
function toMisbehaviour(name, where) {
  if (name === undefined) return undefined;
  const way = misbehaviours.find((known) => known === name);
  if (way === undefined) throw new UsageError(`--misbehave is ${name}; it takes one of ${misbehaviours.join(', ')}.`);
  const batch = /^batch:(\d+)$/.exec(where)?.[1];
  if (batch === undefined) throw new UsageError(`--misbehave-at is ${where}; it takes batch:N, from batch:1 on.`);
  return { way, batch: toCount('misbehave-at', batch) };
}
