import { diag } from '@opentelemetry/api';
import { isSessionState, isTerminalSessionState } from '../domain/session-states.ts';
import { pruneSessionNotes } from '../journal/session-notes.ts';
import { clockOffsetMillis } from '../shipping/clock-offset.ts';
import type { SqlLedgerStore } from '../shipping/ledger-store.ts';
import { createPostgresStore } from '../shipping/postgres-store.ts';
import { retainOnceADay } from '../shipping/retention-chore.ts';
import { findSchemaFaults } from '../shipping/schema-drift.ts';
import type { ShippingLoad } from './courier.ts';
import { everySoOften } from './every-so-often.ts';
import { tendExpectations } from './expectations-chore.ts';
import { tendLostWork } from './lost-work-chore.ts';
import { type JudgedUnits, noteDatabase, noteVerdicts } from './shipping-memory.ts';

/** What the courier does for all processes of a database, besides shipping. */
export interface Chores {
  /** Looks now what is due, then every hour, for lost work every few seconds, for what units take every other minute. Once is enough; never throws. */
  begin(): void;
}

const lookMillis = 3_600_000;
/** A quarter of a year. */
const notesKeptMicros = 90 * 86_400_000_000;
const verdictMillis = 60_000;
/** A process that ends before has nobody who reads its metrics. */
const firstExaminationMillis = 30_000;
/** Counting or removing a month may take its time; nobody waits for it. */
const statementTimeoutMillis = 600_000;

/** @param store that of the shipper: a question now and then is in nobody's way. */
export function createChores(load: ShippingLoad, store: SqlLedgerStore): Chores {
  let isBegun = false;
  return {
    begin() {
      if (isBegun) return;
      isBegun = true;
      tendLostWork(store, load.owner.instanceId);
      tendExpectations(store, load.owner.instanceId);
      void retain(load);
      void forgetSessions(load);
      setTimeout(() => void examine(load, store), firstExaminationMillis);
      everySoOften(verdictMillis, () => judge(load, store));
      everySoOften(lookMillis, async () => {
        await retain(load);
        await examine(load, store);
        await forgetSessions(load);
      });
    },
  };
}

/** What was noted of sessions that ended long ago: the database, which has just been reached, knows them. */
async function forgetSessions({ directory }: ShippingLoad): Promise<void> {
  try {
    const before = Date.now() * 1000 - notesKeptMicros;
    await pruneSessionNotes(directory, {
      before,
      isEnded: (state) => isSessionState(state) && isTerminalSessionState(state),
    });
  } catch (error) {
    diag.debug('Notes of sessions could not be looked through; it is tried again tomorrow.', error);
  }
}

async function retain({ retention, databaseUrl, schema, owner }: ShippingLoad): Promise<void> {
  if (retention === undefined) return;
  // A connection of its own, so that shipping never waits for it.
  const store = createPostgresStore({
    connectionString: databaseUrl,
    schema,
    maxConnections: 1,
    statementTimeoutMillis,
  });
  try {
    const report = await retainOnceADay(store, { instanceId: owner.instanceId, ...retention });
    if (report !== undefined) diag.info('Old records were removed.', report.tables);
  } catch (error) {
    diag.warn('Old records could not be removed; it is tried again in an hour.', error);
  } finally {
    await store.close();
  }
}

/** How the database judges what is open in this process, by the verdict that everybody else gets. */
async function judge({ memory, owner }: ShippingLoad, store: SqlLedgerStore): Promise<void> {
  noteVerdicts(memory, await readVerdicts(store, owner.instanceId));
}

/** Open units of a process by verdict; nothing where the database cannot say. */
export async function readVerdicts(store: SqlLedgerStore, instanceId: string): Promise<JudgedUnits> {
  try {
    const [row] = await store.query<{ stuck: number; waiting: number }>(
      `select (count(*) filter (where verdict = 'stuck'))::integer as stuck,
        (count(*) filter (where verdict = 'waiting'))::integer as waiting
       from v_running where instance_id = $1`,
      [instanceId],
    );
    return row ?? {};
  } catch (error) {
    diag.debug('The open units of this process could not be judged; it is tried again in a minute.', error);
    return {};
  }
}

/** What the metrics tell of the database. */
async function examine({ memory }: ShippingLoad, store: SqlLedgerStore): Promise<void> {
  try {
    const faults = await findSchemaFaults(store);
    for (const { message, action } of faults) diag.warn(`The ledger's schema has changed: ${message}. ${action}`);
    noteDatabase(memory, { clockOffsetSeconds: (await clockOffsetMillis(store)) / 1000, schemaFaults: faults.length });
  } catch (error) {
    diag.debug('The database could not be examined; it is tried again in an hour.', error);
  }
}
