import { type Health, type HealthFacts, type HealthLimits, judgeHealth, type LoopFacts } from '../domain/health.ts';

/** The questions that can be asked. */
export const healthPaths = ['/livez', '/readyz', '/healthz'] as const;
export type HealthPath = (typeof healthPaths)[number];

/** An answer over HTTP: status and JSON. */
export interface HealthAnswer {
  readonly status: 200 | 404 | 405 | 503;
  readonly body: string;
}

/**
 * Answers `/livez`, `/readyz` and `/healthz` with 200 or 503 and JSON, any other path with 404. A trailing part of the path decides, so
 * that the handler may be mounted anywhere.
 */
export function answerHealth(
  request: { readonly method: string; readonly path: string },
  facts: () => HealthFacts,
  limits: HealthLimits,
): HealthAnswer {
  const path = healthPaths.find((known) => request.path === known || request.path.endsWith(known));
  if (path === undefined) return { status: 404, body: json({ error: `Ask for ${healthPaths.join(', ')}.` }) };
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { status: 405, body: json({ error: 'Only GET and HEAD are answered.' }) };
  }
  const found = facts();
  const health = judgeHealth(found, limits);
  return { status: isWell(path, health) ? 200 : 503, body: json(describe(found, health)) };
}

/** `/healthz` says what is wrong with it; that something needs a look is no reason to take it out of service. */
function isWell(path: HealthPath, { live, ready }: Health): boolean {
  return path === '/livez' ? live : ready;
}

function describe(facts: HealthFacts, health: Health): Readonly<Record<string, unknown>> {
  const { now, startedAt, service, instanceId, pid, lateMillis, journal, loops } = facts;
  return {
    verdict: health.verdict,
    live: health.live,
    ready: health.ready,
    reasons: health.reasons,
    service,
    instance_id: instanceId,
    pid,
    at: iso(now),
    uptime_seconds: Math.round((now - startedAt) / 1000),
    loop_delay_ms: Math.round(lateMillis),
    journal: {
      bytes: journal.bytes,
      records: journal.records,
      refused_by_disk: journal.refusedByDisk,
      ships: journal.ships,
      age_seconds: Math.round(journal.ageSeconds),
    },
    loops: loops.map(describeLoop),
  };
}

function describeLoop(loop: LoopFacts): Readonly<Record<string, unknown>> {
  const { name, count, failures, runningSince, lastRunAt, lastSuccessAt, lastError } = loop;
  return {
    name,
    count,
    failures,
    running_since: iso(runningSince),
    last_run: iso(lastRunAt),
    last_success: iso(lastSuccessAt),
    last_error: lastError === undefined ? null : { at: iso(lastError.at), message: lastError.message },
  };
}

function iso(millis: number | undefined): string | null {
  return millis === undefined ? null : new Date(millis).toISOString();
}

function json(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
