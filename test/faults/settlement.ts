import { accounting, type Balance, type Counts } from './accounting.ts';
import type { CommandEnd } from './child.ts';
import type { Stage } from './stage.ts';
import type { Witness } from './witness.ts';

export interface SettlementOptions {
  readonly url: string;
  readonly witness?: Witness;
  readonly appended?: Counts;
  readonly dropped?: Counts;
  readonly clockWasSetBack?: boolean;
  /** How the app ended, which is to be well. */
  readonly app?: CommandEnd;
  /** Exit code that `spanledger ship` is to end with, default 0. */
  readonly shipCode?: number;
}

/** The end of a fault: what is left is shipped by hand, and every record is accounted for. */
export async function settle(
  stage: Stage,
  { url, witness, appended, dropped, clockWasSetBack = false, app, shipCode = 0 }: SettlementOptions,
): Promise<{ readonly balance: Balance; readonly faults: readonly string[] }> {
  const shipped = await stage.run(['ship'], { env: { DATABASE_URL: url } });
  const balance = await accounting({
    url,
    directories: [stage.ledger],
    acknowledged: stage.acknowledged(),
    clockWasSetBack,
    ...(witness !== undefined && { written: witness.records() }),
    ...(appended !== undefined && { appended }),
    ...(dropped !== undefined && { dropped }),
  });
  return { balance, faults: [...unexpected('the app', app, 0), ...unexpected('spanledger ship', shipped, shipCode)] };
}

/** What is wrong with the end of a process, if anything is. */
export function unexpected(who: string, end: CommandEnd | undefined, code: number): readonly string[] {
  if (end === undefined || end.code === code) return [];
  const said = `${end.stdout}${end.stderr}`.slice(0, 400);
  return [`${who} ended with ${end.code ?? end.signal} and not with ${code}: ${said}`];
}
