import { createJournalReader } from '../../../src/cli/reading/journal-reader.ts';
import { openJournalRows } from '../../../src/cli/reading/journal-rows.ts';
import { writeExitNote } from '../../../src/journal/exit-note.ts';
import { instanceDirectory } from '../../../src/journal/layout.ts';
import { openJournal } from '../../../src/journal/open-journal.ts';
import { createEmbeddedStore } from '../../../src/shipping/embedded-store.ts';
import { createPostgresStore } from '../../../src/shipping/postgres-store.ts';
import { placeEmbeddedStore, useDatabase } from '../../harness/database.ts';
import { heldDirectory, writeJournal } from '../written-ledger.ts';
import {
  daemonKilledAt,
  daemonOwner,
  daemonRecords,
  describeStories,
  releaseRecords,
  releases,
  storyRecords,
} from './why-contract.ts';
import { storyReader } from './why-stores.ts';

const database = useDatabase();
const embedded = heldDirectory();
const journals = heldDirectory();

describeStories('a reader of Postgres', () => storyReader(createPostgresStore({ connectionString: database.url })));

describeStories('a reader of the embedded store', async () => {
  await placeEmbeddedStore(embedded);
  return storyReader(createEmbeddedStore({ directory: embedded }));
});

describeStories('a reader of journals', async () => {
  writeJournal(journals, storyRecords());
  const journal = openJournal({ directory: journals, owner: daemonOwner });
  journal.append(...daemonRecords());
  journal.close();
  for (const owner of releases) {
    const release = openJournal({ directory: journals, owner });
    release.append(...releaseRecords(owner));
    release.close();
  }
  const seenBy = { pid: 1, instanceId: 'parent' };
  writeExitNote(instanceDirectory(journals, daemonOwner.instanceId), { at: daemonKilledAt, signal: 'SIGKILL', seenBy });
  return createJournalReader(await openJournalRows(journals));
});
