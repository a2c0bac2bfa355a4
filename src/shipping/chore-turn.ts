import { qualified } from './identifier.ts';
import type { SqlLedgerStore } from './ledger-store.ts';

/** A chore that one process of many does, every so often. */
export interface ChoreTurn {
  readonly name: string;
  readonly instanceId: string;
  readonly everySeconds: number;
}

/** Whether it is the caller's turn: nobody has begun the chore for so long. Of several who ask at once one hears yes. */
export function takeTurn(store: SqlLedgerStore, { name, instanceId, everySeconds }: ChoreTurn): Promise<boolean> {
  return store.database.transaction(async (connection) => {
    const taken = await connection.query(
      `insert into ${qualified(store.schema, 'chores')} as c (name, began_at, ended_at, instance_id) values ($1, now(), now(), $2)
        on conflict (name) do update set began_at = now(), ended_at = now(), instance_id = excluded.instance_id
        where c.began_at <= now() - make_interval(secs => $3)
        returning name`,
      [name, instanceId, everySeconds],
    );
    return taken.length === 1;
  });
}
