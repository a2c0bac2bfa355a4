import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HealthFacts, HealthLimits } from '../domain/health.ts';
import { answerHealth } from './health-answer.ts';
import { healthFacts } from './health-source.ts';

/** Options of the health handlers. */
export interface HealthHandlerOptions {
  /** How late the main thread may be before it counts as blocked, in milliseconds; default 30,000. */
  readonly blockedMillis?: number;
}

const defaultLimits: HealthLimits = { blockedMillis: 30_000 };
const headers = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };

/**
 * A handler for `/livez`, `/readyz` and `/healthz`, as a function from `Request` to `Response`, for any server that speaks them. It
 * runs where the program runs: while the main thread is blocked nobody answers, which is an answer too. With SPANLEDGER_HEALTH_PORT a
 * thread of its own answers then.
 */
export function createHealthHandler(options: HealthHandlerOptions = {}): (request: Request) => Response {
  return (request) => {
    const { method, url } = request;
    const { status, body } = answerHealth({ method, path: new URL(url).pathname }, healthFacts, limitsOf(options));
    return new Response(method === 'HEAD' ? null : body, { status, headers });
  };
}

/** The same for `node:http`: `createServer(createHealthListener())`, or as a middleware that leaves other paths to `next`. */
export function createHealthListener(
  options: HealthHandlerOptions = {},
): (request: IncomingMessage, response: ServerResponse, next?: () => void) => void {
  return createListener(healthFacts, limitsOf(options));
}

/** A listener over facts from anywhere. */
export function createListener(facts: () => HealthFacts, limits: HealthLimits) {
  return (request: IncomingMessage, response: ServerResponse, next?: () => void): void => {
    const { method = 'GET', url = '/' } = request;
    const { status, body } = answerHealth({ method, path: url.replace(/[?#].*$/s, '') }, facts, limits);
    if (status === 404 && next !== undefined) {
      next();
      return;
    }
    response.writeHead(status, headers).end(method === 'HEAD' ? undefined : body);
  };
}

function limitsOf({ blockedMillis = defaultLimits.blockedMillis }: HealthHandlerOptions): HealthLimits {
  return { blockedMillis };
}
