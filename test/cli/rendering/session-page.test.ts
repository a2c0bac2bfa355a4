import { expect, it } from 'vitest';
import { createJournalReader } from '../../../src/cli/reading/journal-reader.ts';
import { openJournalRows } from '../../../src/cli/reading/journal-rows.ts';
import { findSession } from '../../../src/cli/reading/session-lookup.ts';
import { readSessionView } from '../../../src/cli/reading/session-view.ts';
import { findSubject } from '../../../src/cli/reading/subject.ts';
import { printSession } from '../../../src/cli/rendering/session-page.ts';
import { recordsOf } from '../recorded-session.ts';
import { recordedTerminal } from '../recorded-terminal.ts';
import { sampleSessions, temporaryDirectory, writeJournal } from '../written-ledger.ts';

/** A reader of a journal that has one session of that name. */
async function readerOf(id: string) {
  const directory = temporaryDirectory();
  writeJournal(
    directory,
    sampleSessions.slice(0, 1).flatMap((session) => recordsOf({ ...session, id })),
  );
  return createJournalReader(await openJournalRows(directory));
}

it.each([
  ['local-7', 'local-7'],
  ['my id with spaces', "'my id with spaces'"],
  ['$(reboot)', "'$(reboot)'"],
  ['-x', '-- -x'],
])('names the command for all of the timeline as a shell reads it: %s', async (id, told) => {
  const reader = await readerOf(id);
  const { terminal, output } = recordedTerminal();
  await printSession(terminal, await readSessionView(reader, await findSession(reader, id)));
  expect(output()).toContain(`Timeline (\`spanledger timeline ${told}\` shows all)`);
});

it('quotes ids that come near to one that is not known', async () => {
  const reader = await readerOf('my id with spaces');
  await expect(findSubject(reader, 'my id with space')).rejects.toMatchObject({
    action: expect.stringContaining("Near to it: 'my id with spaces'."),
  });
});
