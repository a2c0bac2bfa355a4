import { verdictOf } from '../../domain/verdict.ts';
import type { RunningRow, UnitRow } from './rows.ts';

/** What is known of the process behind an instance id. */
export interface Liveness {
  readonly host: string | null;
  readonly pid: number | null;
  readonly alive: boolean;
}

export type LivenessOf = (instanceId: string) => Liveness | undefined;

/** An open unit with the verdict on it, at `now`. */
export function judgeOpenUnit(unit: UnitRow, livenessOf: LivenessOf, now: number = Date.now()): RunningRow {
  const liveness = unit.instance_id === null ? undefined : livenessOf(unit.instance_id);
  const startedAt = unit.created_at.getTime();
  const lastProgress = (unit.updated_at ?? unit.created_at).getTime();
  const { verdict } = verdictOf({
    startedAt: startedAt * 1000,
    lastProgressAt: lastProgress * 1000,
    ...(liveness?.alive === true && { heartbeatAt: now * 1000 }),
    ...(liveness?.alive === false && { instanceEndedAt: lastProgress * 1000 }),
    now: now * 1000,
  });
  return {
    ...unit,
    host: liveness?.host ?? null,
    pid: liveness?.pid ?? null,
    started_at: unit.created_at,
    last_progress_at: new Date(lastProgress),
    running_seconds: (now - startedAt) / 1000,
    silent_seconds: (now - lastProgress) / 1000,
    verdict,
  };
}
