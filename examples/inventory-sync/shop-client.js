// @ts-check
import { waitFor } from 'spanledger';
import { createRateLimit } from './rate-limit.js';

/** @typedef {{ id: string, platform: string }} Page */

const timeoutMillis = 30_000;
const maxPatience = 3;

/** The shop said no. */
class ShopError extends Error {
  /**
   * @param {string} call
   * @param {number} status
   * @param {string} body
   */
  constructor(call, status, body) {
    super(`${call} answered ${status}: ${body.slice(0, 200)}`);
    this.name = 'ShopError';
    this.status = status;
  }
}

/** @typedef {ReturnType<typeof createShop>} Shop */

/**
 * The API of the shop: calls at the rate that it allows, with a token that is renewed when it has run out.
 * @param {{ url: string, rate: { calls: number, seconds: number }, secret: string, signal: AbortSignal }} options
 */
export function createShop({ url, rate, secret, signal }) {
  const mayCall = createRateLimit({ ...rate, signal });
  /** @type {Promise<string> | undefined} */
  let token;
  let calls = 0;

  /**
   * @param {string} path
   * @param {RequestInit} init
   */
  const send = async (path, init) => {
    await mayCall();
    calls += 1;
    // Not by `AbortSignal.any`: a signal that lives as long as the program keeps a trace of each that was derived from it.
    const over = new AbortController();
    const stop = () => over.abort(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const late = () => over.abort(new DOMException('The shop did not answer in time.', 'TimeoutError'));
    const timer = setTimeout(late, timeoutMillis);
    try {
      const response = await fetch(new URL(path, url), { ...init, signal: over.signal });
      return { ok: response.ok, status: response.status, headers: response.headers, text: await response.text() };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  };

  const fetchToken = async () => {
    const response = await send('/oauth/token', { method: 'POST', body: JSON.stringify({ client_secret: secret }) });
    if (!response.ok) throw new ShopError('POST /oauth/token', response.status, response.text);
    const { access_token: fresh } = /** @type {{ access_token: string }} */ (JSON.parse(response.text));
    return fresh;
  };

  /** Several calls wait for one token. */
  const authorise = () => {
    token ??= fetchToken().catch((error) => {
      token = undefined;
      throw error;
    });
    return token;
  };

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @returns {Promise<any>}
   */
  const call = async (method, path, body) => {
    for (let patience = maxPatience; ; patience -= 1) {
      const used = authorise();
      const headers = { authorization: `Bearer ${await used}` };
      const response = await send(path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
      const { text } = response;
      if (response.ok) return JSON.parse(text);
      if (patience === 0 || ![401, 429, 503].includes(response.status)) {
        throw new ShopError(`${method} ${path}`, response.status, text);
      }
      if (response.status === 401) token = token === used ? undefined : token;
      else await waitFor(retryAfter(response), { reason: `${response.status}, Retry-After of the shop`, signal });
      signal.throwIfAborted();
    }
  };

  return {
    /** How many calls were made. */
    get calls() {
      return calls;
    },
    authorise,
    /** All pages of a platform. @param {string} platform @returns {Promise<Page[]>} */
    async pages(platform) {
      /** @type {Page[]} */
      const pages = [];
      for (let cursor = 0; cursor !== null; ) {
        const part = await call('GET', `/pages?platform=${platform}&cursor=${cursor}`);
        pages.push(...part.pages);
        cursor = part.next;
      }
      return pages;
    },
    /** Quantities by page, in one call. @param {readonly string[]} ids @returns {Promise<Record<string, number>>} */
    stock: async (ids) => (await call('POST', '/stock', { ids })).stock,
    /** Price of a page; `undefined` where the shop has taken it down. @param {string} id @returns {Promise<number | undefined>} */
    async price(id) {
      try {
        return (await call('GET', `/prices/${id}`)).price;
      } catch (error) {
        if (error instanceof ShopError && error.status === 410) return undefined;
        throw error;
      }
    },
    /** A call without a deadline, as one forgets them. @param {string} path */
    callWithoutDeadline: (path) => fetch(new URL(path, url)),
  };
}

/** @param {Response} response */
function retryAfter(response) {
  return { seconds: Number(response.headers.get('retry-after') ?? 1) };
}
