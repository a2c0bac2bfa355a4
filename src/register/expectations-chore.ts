import { diag } from '@opentelemetry/api';
import { learnInTurn } from '../shipping/expectations.ts';
import type { SqlLedgerStore } from '../shipping/ledger-store.ts';
import { everySoOften } from './every-so-often.ts';

const lookMillis = 120_000;
const everySeconds = 100;

/**
 * Learns how long units take, now and from then on with all processes of the database taking turns. Never throws; whatever fails is
 * done at a later turn.
 */
export function tendExpectations(store: SqlLedgerStore, instanceId: string): void {
  const look = async () => {
    try {
      await learnInTurn(store, { instanceId, everySeconds });
    } catch (error) {
      diag.debug('How long units take could not be learned; it is tried again in two minutes.', error);
    }
  };
  void look();
  everySoOften(lookMillis, look);
}
