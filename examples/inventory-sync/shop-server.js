// @ts-check
// A small shop: tokens that run out, a limit of calls, and pages that come and go. Runs beside the daemon, or alone:
//
//   node examples/inventory-sync/shop-server.js [--port 8080] [--pages 60] [--calls 5000 --per 3600]
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    pages: { type: 'string', default: '60' },
    calls: { type: 'string', default: '5000' },
    per: { type: 'string', default: '3600' },
  },
});
const pagesPerPlatform = Number(values.pages);
const listLength = 100;
const tokenMillis = 60_000;
/** One page in so many was taken down. */
const goneEvery = 50;

/** @typedef {{ status: number, body?: unknown, headers?: Record<string, string> }} Answer */

/** Tokens and when they run out. @type {Map<string, number>} */
const tokens = new Map();
const allowance = { calls: Number(values.calls), millis: Number(values.per) * 1000, used: 0, until: 0 };

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://shop');
  // Somebody's proxy, somewhere, swallows this one.
  if (url.pathname === '/unanswered') return;
  text(request)
    .then((sent) => {
      const { status, body, headers } = answer(request, url, sent);
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body ?? {}));
    })
    // A caller that went away half-way, or sent what is no JSON.
    .catch(() => response.writeHead(400).end());
});
server.listen(Number(values.port), '127.0.0.1', () => {
  const address = server.address();
  const url = typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : '';
  if (process.send === undefined) process.stdout.write(`The shop answers at ${url}\n`);
  else process.send({ url });
});
// Beside the daemon it lives as long as the daemon, and Ctrl+C is the daemon's affair.
process.on('disconnect', () => process.exit());
if (process.send !== undefined) process.on('SIGINT', () => undefined);

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {URL} url
 * @param {string} body
 * @returns {Answer}
 */
function answer(request, url, body) {
  const wait = secondsUntilAllowed();
  if (wait > 0) return { status: 429, headers: { 'retry-after': String(wait) }, body: { error: 'too many calls' } };
  if (url.pathname === '/oauth/token') return { status: 200, body: newToken() };
  const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
  if ((tokens.get(token) ?? 0) < Date.now()) return { status: 401, body: { error: 'the token has run out' } };
  if (url.pathname === '/pages') return list(url.searchParams);
  if (url.pathname === '/stock') return { status: 200, body: { stock: stockOf(JSON.parse(body).ids) } };
  const page = /^\/prices\/(.+)$/.exec(url.pathname)?.[1];
  return page === undefined ? { status: 404 } : priceOf(page);
}

function secondsUntilAllowed() {
  const now = Date.now();
  if (now >= allowance.until) Object.assign(allowance, { used: 0, until: now + allowance.millis });
  allowance.used += 1;
  return allowance.used <= allowance.calls ? 0 : Math.ceil((allowance.until - now) / 1000);
}

function newToken() {
  for (const [token, until] of tokens) if (until < Date.now()) tokens.delete(token);
  const token = randomUUID();
  tokens.set(token, Date.now() + tokenMillis);
  return { access_token: token, expires_in: tokenMillis / 1000 };
}

/** @param {URLSearchParams} query @returns {Answer} */
function list(query) {
  const platform = query.get('platform') ?? '';
  const from = Number(query.get('cursor') ?? 0);
  const to = Math.min(from + listLength, pagesPerPlatform);
  const pages = Array.from({ length: Math.max(0, to - from) }, (_, i) => ({
    id: `${platform}-${from + i + 1}`,
    platform,
  }));
  return { status: 200, body: { pages, next: to < pagesPerPlatform ? to : null } };
}

/** @param {readonly string[]} ids */
function stockOf(ids) {
  const second = Math.floor(Date.now() / 1000);
  return Object.fromEntries(ids.map((id) => [id, (numberOf(id) * 7 + second) % 100]));
}

/** @param {string} id @returns {Answer} */
function priceOf(id) {
  if (numberOf(id) % goneEvery === 0) return { status: 410, body: { error: 'taken down' } };
  return { status: 200, body: { price: 100 + (numberOf(id) % 37) } };
}

/** @param {string} id */
function numberOf(id) {
  return Number(/\d+$/.exec(id)?.[0] ?? 0);
}
