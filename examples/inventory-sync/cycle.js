// @ts-check
import { join } from 'node:path';
import { importSession, step } from 'spanledger';
import { readJson, writeJson } from './open-cycle.js';

/** @typedef {import('./shop-client.js').Page} Page */

/**
 * @typedef {object} Components
 * @property {import('./options.js').Options} options
 * @property {import('./shop-client.js').Shop} shop
 * @property {import('./store.js').Store} store
 * @property {ReturnType<typeof import('./open-cycle.js').openCycleFile>} cycles
 * @property {(batch: number, page: string) => Promise<void>} misbehave
 * @property {AbortSignal} signal
 * @property {(line: string) => void} say
 */

export const batchSize = 20;
const secondsPerBatch = 12;
const secondsPerPage = 0.5;

/**
 * One cycle: lists the pages, then syncs them in batches. It ends with an outcome whatever happens to single pages.
 * @param {Components} components
 */
export function runCycle(components) {
  const { cycles, signal, say } = components;
  return step(
    'cycle',
    async (cycle) => {
      const pages = await cycle.step('list pages', () => listPages(components));
      const { id, isResumed } = await cycles.begin(new Date());
      const batches = toBatches(pages);
      const expected = expectedOf(pages.length);
      say(`${isResumed ? 'Takes up' : 'Begins'} cycle ${id}: ${pages.length} pages in ${batches.length} batches.`);
      const options = { id, kind: 'inventory', total: pages.length, expected, signal };
      const outcome = await importSession(options, async (session) => {
        for (const [index, batch] of batches.entries()) {
          signal.throwIfAborted();
          await syncBatch({ ...components, session, pages: batch, index, count: batches.length });
        }
      });
      await cycles.end();
      return { outcome, batches: batches.length, expectedSeconds: secondsOf(expected) };
    },
    { task: 'inventory-sync' },
  );
}

/** @param {Components} components @returns {Promise<Page[]>} */
async function listPages({ options, shop }) {
  const { platforms, state, maxItems, skipCacheUpdate } = options;
  const cache = join(state, 'pages.json');
  const known = skipCacheUpdate ? /** @type {Page[] | undefined} */ (await readJson(cache)) : undefined;
  const pages = known ?? (await fetchPages(shop, platforms));
  if (!skipCacheUpdate) await writeJson(cache, pages);
  return pages.filter(({ platform }) => platforms.includes(platform)).slice(0, maxItems);
}

/**
 * @param {import('./shop-client.js').Shop} shop
 * @param {readonly string[]} platforms
 */
async function fetchPages(shop, platforms) {
  const pages = [];
  for (const platform of platforms) pages.push(...(await shop.pages(platform)));
  return pages;
}

/** @param {Page[]} pages */
function toBatches(pages) {
  const count = Math.ceil(pages.length / batchSize);
  return Array.from({ length: count }, (_, index) => pages.slice(index * batchSize, (index + 1) * batchSize));
}

/** From the volumes, as the shop's people have measured them. @param {number} pages */
function expectedOf(pages) {
  return [
    { part: 'batches', count: Math.ceil(pages / batchSize), each: { seconds: secondsPerBatch } },
    { part: 'items', count: pages, each: { seconds: secondsPerPage } },
  ];
}

/** @param {ReturnType<typeof expectedOf>} parts */
function secondsOf(parts) {
  return parts.reduce((sum, { count, each }) => sum + count * each.seconds, 0);
}

/** @typedef {Components & { session: import('spanledger').Session, pages: Page[], index: number, count: number }} BatchWork */

/** @param {BatchWork} work */
async function syncBatch(work) {
  const { session, pages, index, count, shop, store, options, say } = work;
  const size = pages.length;
  const expected = { seconds: secondsPerBatch + size * secondsPerPage };
  await session.batch('pages', { index, count, size, expected }, async (batch) => {
    const from = performance.now();
    const ids = pages.map(({ id }) => id);
    const stock = await batch.step('fetch stock', () => shop.stock(ids), { limit: { minutes: 30 } });
    const { concurrency } = options;
    const summary = await session.each(pages, { id: ({ id }) => id, concurrency }, async (item, page) => {
      try {
        await syncPage(work, item, page, stock[page.id] ?? 0);
        batch.succeeded();
      } catch (error) {
        batch.failed();
        throw error;
      }
    });
    await batch.step('flush', () => store.flush());
    const seconds = ((performance.now() - from) / 1000).toFixed(2);
    const ok = summary.run - summary.failed;
    say(`Batch ${index + 1} of ${count}, ${size} items: ${seconds} s, ${ok} ok, ${summary.failed} failed.`);
  });
}

/**
 * @param {BatchWork} work
 * @param {import('spanledger').Item} item
 * @param {Page} page
 * @param {number} quantity
 */
async function syncPage({ options, shop, store, misbehave, session, index }, item, page, quantity) {
  const before = await item.step('compare', () => store.quantity(page.id));
  const price = options.stockCheckOnly ? undefined : await item.step('fetch price', () => shop.price(page.id));
  if (price === undefined && !options.stockCheckOnly) return item.missing('the shop has taken the page down');
  await item.step('store', async () => {
    await misbehave(index + 1, page.id);
    const { id, platform } = page;
    if (!options.dryRun) await store.save({ page: id, platform, quantity, cycle: session.id, ...(price && { price }) });
  });
  if (options.dryRun) return item.skip(`dry run: the quantity would go from ${before ?? 'none'} to ${quantity}`);
}
