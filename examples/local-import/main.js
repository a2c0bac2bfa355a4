// @ts-check
import { stat } from 'node:fs/promises';
import { relative } from 'node:path';
import { openCatalogue } from './catalogue.js';
import { importFolder } from './importer.js';
import { parseOptions, UsageError, usage } from './options.js';
import { createProgress } from './progress.js';
import { describeRun } from './summary.js';
import { TargetTree } from './target-tree.js';

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const { message } = /** @type {Error} */ (error);
  process.stderr.write(`${message}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

/** @param {string[]} argv */
async function main(argv) {
  const options = parseOptions(argv, new Date());
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (!(await stat(options.folder).catch(() => undefined))?.isDirectory()) {
    throw new UsageError(`${options.folder} is not a folder.`);
  }
  const catalogue = await openCatalogue({
    databaseUrl: process.env.DATABASE_URL,
    directory: options.catalogue,
    concurrency: options.concurrency,
  });
  try {
    return await run(options, catalogue);
  } finally {
    await catalogue.close();
  }
}

/**
 * @param {Exclude<ReturnType<typeof parseOptions>, { help: true }>} options
 * @param {import('./catalogue.js').Catalogue} catalogue
 */
async function run(options, catalogue) {
  const target = new TargetTree(options.target);
  await target.prepare();
  const progress = createProgress(process.stderr);
  const startedAt = performance.now();
  const outcome = await importFolder({
    ...options,
    expand: { include: options.include, exclude: options.target, limit: options.limit },
    catalogue,
    target,
    signal: signalOf('SIGINT'),
    onProgress: progress.update,
  });
  progress.stop();
  const seconds = (performance.now() - startedAt) / 1000;
  const { sessionId } = options;
  if (options.json) process.stdout.write(`${JSON.stringify({ sessionId, seconds, ...outcome })}\n`);
  else process.stdout.write(describeRun({ sessionId, outcome, seconds, target: relative('', options.target) }));
  if (outcome.state === 'canceled') return 130;
  return outcome.state === 'imported' && outcome.counts.failed === 0 ? 0 : 1;
}

/** The first Ctrl-C ends the session as canceled; a second one ends the process. @param {NodeJS.Signals} name */
function signalOf(name) {
  const controller = new AbortController();
  process.once(name, () => controller.abort(new DOMException(`Canceled by ${name}.`, 'AbortError')));
  return controller.signal;
}
