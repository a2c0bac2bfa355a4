import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { openJournal } from '../journal/open-journal.ts';
import type { EventRecord } from '../projection/record.ts';
import { createShipper } from '../shipping/shipper.ts';
import { packageVersion } from './package-version.ts';
import { withStore } from './reading/open-store.ts';
import type { Workplace } from './workplace.ts';

/** Writes records of a command into a journal of this directory, from where they are shipped like any others. */
export function appendRecords(directory: string, records: readonly EventRecord[]): void {
  const journal = openJournal({
    directory,
    owner: {
      instanceId: randomUUID(),
      service: 'spanledger',
      host: hostname(),
      pid: process.pid,
      startedAt: Math.round(performance.timeOrigin * 1000),
      version: packageVersion(),
    },
  });
  journal.append(...records);
  journal.close();
}

/** The embedded store is filled when it is asked; Postgres gets the records now. */
export async function shipNow(workplace: Workplace): Promise<void> {
  if (workplace.databaseUrl === undefined) return;
  const { directory } = workplace;
  await withStore(workplace, (store) => createShipper({ directory, store }).shipOnce());
}
