import { existsSync } from 'node:fs';
import { listJournals } from '../../journal/journal-listing.ts';
import { hasEmbeddedStore } from '../../shipping/embedded-place.ts';
import { type ExitCode, isUnreachable } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import type { Terminal } from '../terminal.ts';
import { visible } from '../visible.ts';
import { openWorkplace, type Workplace } from '../workplace.ts';
import { createJournalReader } from './journal-reader.ts';
import type { LedgerReader } from './ledger-reader.ts';
import { openCurrentStore } from './open-current-store.ts';
import { createStoreReader } from './store-reader.ts';

/** How a command reads: whether it may answer from the journals when the database cannot. */
export interface ReadingOptions {
  /** Journals tell only part of the ledger. Default true. */
  readonly fromJournal?: boolean;
}

/**
 * Opens the ledger, lets `answer` read it and closes it: Postgres where one is configured, otherwise the embedded store
 * with all that the journals hold, or the journals alone as long as they are short and nothing else has been kept; with a remark the
 * journals alone, where the database cannot be reached.
 */
export async function withLedger(
  invocation: Invocation,
  answer: (reader: LedgerReader) => Promise<ExitCode>,
  options: ReadingOptions = {},
): Promise<ExitCode> {
  const workplace = openWorkplace(invocation);
  const reader = await openReader(workplace, invocation.terminal, options.fromJournal ?? true);
  try {
    return await answer(reader);
  } finally {
    await reader.close();
  }
}

async function openReader(workplace: Workplace, terminal: Terminal, fromJournal: boolean): Promise<LedgerReader> {
  if (workplace.databaseUrl === undefined && !existsSync(workplace.directory)) {
    terminal.note(`note: nothing has been recorded yet; there is no directory ${visible(workplace.directory)}.`);
    return openJournalReader(workplace.directory, terminal);
  }
  if (workplace.databaseUrl === undefined && (await isAllInQuickJournals(workplace))) {
    return openJournalReader(workplace.directory, terminal);
  }
  try {
    return createStoreReader(await openCurrentStore(workplace, terminal), workplace.schema);
  } catch (error) {
    if (!fromJournal || !(isUnreachable(error) || isRefusedByDisk(error))) throw error;
    const why = error instanceof Error ? error.message : String(error);
    terminal.note(`note: ${visible(why)}`);
    terminal.note(
      `note: answering from the journals in ${visible(workplace.directory)}, which know only what is not shipped.`,
    );
    return openJournalReader(workplace.directory, terminal);
  }
}

const diskRefusals = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'];

/** The embedded store needs to write; a directory that is only readable still has readable journals. */
function isRefusedByDisk(error: unknown): boolean {
  return error instanceof Error && 'code' in error && diskRefusals.includes(String(error.code));
}

/** An embedded store is worth its making when journals have grown. */
async function isAllInQuickJournals({ directory }: Workplace): Promise<boolean> {
  if (hasEmbeddedStore(directory)) return false;
  const { areQuickAndWhole } = await import('./journal-rows.ts');
  return areQuickAndWhole(await listJournals(directory));
}

/** Reads the journals alone; tells on closing which of them could not be read. */
export async function openJournalReader(directory: string, terminal: Terminal): Promise<LedgerReader> {
  const { openJournalRows } = await import('./journal-rows.ts');
  const rows = await openJournalRows(directory);
  return {
    ...createJournalReader(rows),
    close: async () => {
      for (const reason of rows.unreadable()) terminal.note(`note: ${visible(reason)}`);
    },
  };
}
