// @ts-check
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const usage = `Usage: node --import spanledger/register examples/local-import/main.js FOLDER [options]

Imports every file of FOLDER once, by content, into a dated tree.

  --target DIR        where the files go (default .demo/target)
  --catalogue DIR     embedded catalogue, used when DATABASE_URL is not set (default .demo/catalogue)
  --session-id ID     id of the session (default: a new one); give the same again to take up a killed run
  --kind KIND         kind of the session (default local)
  --account ID        account the session works for
  --include PATTERN   only files whose name matches, with * and ?; may be repeated
  --limit N           stop listing after N files
  --concurrency N     files in work at once, 1 to 64 (default 4)
  --json              print the outcome as one line of JSON
  --help              print this text

Exit code: 0 all is well, 1 something failed or is missing, 2 wrong usage, 130 canceled with Ctrl-C.
`;

/** Said to a user whose command line cannot be run. */
export class UsageError extends Error {}

/**
 * @param {string[]} argv
 * @param {Date} now
 */
export function parseOptions(argv, now) {
  const { values, positionals } = parse(argv);
  if (values.help) return { help: /** @type {const} */ (true) };
  const [folder, ...rest] = positionals;
  if (!folder || rest.length > 0) throw new UsageError('Give one folder to import.');
  return {
    help: /** @type {const} */ (false),
    folder: resolve(folder),
    target: resolve(values.target ?? '.demo/target'),
    catalogue: resolve(values.catalogue ?? '.demo/catalogue'),
    sessionId: values['session-id'] ?? newSessionId(now),
    kind: values.kind ?? 'local',
    accountId: values.account,
    include: values.include ?? [],
    limit: values.limit === undefined ? undefined : toInteger('limit', values.limit, Number.MAX_SAFE_INTEGER),
    concurrency: toInteger('concurrency', values.concurrency ?? '4', 64),
    json: values.json ?? false,
  };
}

/** @param {string[]} args */
function parse(args) {
  const string = { type: /** @type {const} */ ('string') };
  const boolean = { type: /** @type {const} */ ('boolean') };
  const include = { ...string, multiple: /** @type {const} */ (true) };
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        target: string,
        catalogue: string,
        'session-id': string,
        kind: string,
        account: string,
        include,
        limit: string,
        concurrency: string,
        json: boolean,
        help: boolean,
      },
    });
  } catch (error) {
    throw new UsageError(/** @type {Error} */ (error).message);
  }
}

/**
 * @param {string} name
 * @param {string} value
 * @param {number} max
 */
function toInteger(name, value, max) {
  const number = /^\d+$/.test(value) ? Number(value) : 0;
  if (number < 1 || number > max)
    throw new UsageError(`--${name} is ${value}; it takes a whole number from 1 to ${max}.`);
  return number;
}

/** @param {Date} now */
function newSessionId(now) {
  const time = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  return `local-${time}-${randomBytes(2).toString('hex')}`;
}
