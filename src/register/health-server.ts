import { createServer } from 'node:http';
import { diag } from '@opentelemetry/api';
import type { HealthFacts, HealthLimits } from '../domain/health.ts';
import { createListener } from './health-handler.ts';

/** Answers health questions on a port of its own. A port that is taken is told and not tried again: the program goes on. */
export function serveHealth(
  { host, port }: { readonly host: string; readonly port: number },
  facts: () => HealthFacts,
  limits: HealthLimits,
): void {
  const server = createServer(createListener(facts, limits));
  server.requestTimeout = 5_000;
  server.headersTimeout = 5_000;
  server.on('error', (error) => diag.error(`Nobody answers health questions on ${host}:${port}.`, error));
  server.listen({ host, port });
}
