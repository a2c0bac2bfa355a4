import { diag } from '@opentelemetry/api';
import { takeTurn } from '../shipping/chore-turn.ts';
import type { SqlLedgerStore } from '../shipping/ledger-store.ts';
import { closeLostWork, goneText, type LostInstance } from '../shipping/lost-work.ts';
import { everySoOften } from './every-so-often.ts';

const lookMillis = 10_000;
const everySeconds = 8;

/**
 * Closes the work of processes that are gone: now, since this may be the next start of one of them, and from then on with all processes
 * of the database taking turns. Never throws; whatever fails is done at a later turn.
 */
export function tendLostWork(store: SqlLedgerStore, instanceId: string): void {
  const look = async (isDue: () => Promise<boolean>) => {
    try {
      if (!(await isDue())) return;
      for (const found of await closeLostWork(store, { closedBy: instanceId })) tell(found);
    } catch (error) {
      diag.debug('Work of processes that are gone could not be looked for; it is tried again in a moment.', error);
    }
  };
  void look(async () => true);
  const isOurTurn = () => takeTurn(store, { name: 'lost work', instanceId, everySeconds });
  everySoOften(lookMillis, () => look(isOurTurn));
}

function tell({ status, instanceId, service, host, pid, cause, sessions, items, units }: LostInstance): void {
  const process = `process ${pid} of ${service} on ${host} (${instanceId})`;
  const work = `${sessions} sessions, ${items} items, ${units} units in all`;
  if (status === 'closed') diag.info(`The ${process} ${goneText(instanceId, cause)}; its work was closed: ${work}.`);
  if (status === 'reopened') diag.info(`The ${process} lives after all; its work is open again: ${work}.`);
}
