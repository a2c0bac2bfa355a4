import { visible } from '../visible.ts';
import type { ArrivedRow } from './arrivals.ts';
import type { Following } from './feed.ts';
import { followJournals } from './follow-journals.ts';
import { openJournalReader } from './open-ledger.ts';
import type { ToldRows } from './told-rows.ts';

/** A time without the database, in which the journals of this machine are followed. */
export interface Outage {
  /** Rejects where following them fails, as when nobody reads the output any more. */
  readonly failure: Promise<never>;
  /** The database answers again, or nobody wants to know any more. */
  end(): Promise<void>;
}

/** Says why, and follows the journals, from their newest rows where the database has told nothing yet. */
export function beginOutage<Row extends ArrivedRow>(
  following: Following<Row>,
  told: ToldRows<Row>,
  hasBegun: boolean,
  error: unknown,
): Outage {
  const { invocation, workplace, feed } = following;
  const { terminal, signal } = invocation;
  const { directory } = workplace;
  const ending = new AbortController();
  const begin = async () => {
    terminal.note(`note: ${visible(error instanceof Error ? error.message : String(error))}`);
    terminal.note(`note: following the journals in ${visible(directory)} until the database answers.`);
    return hasBegun ? [] : printNewest(following);
  };
  const meanwhile = followJournals({ directory, feed, told, signal: AbortSignal.any([signal, ending.signal]), begin });
  const failure = meanwhile.then(() => new Promise<never>(() => {}));
  failure.catch(() => undefined);
  return {
    failure,
    async end() {
      ending.abort();
      await meanwhile;
    },
  };
}

/** The first page, from the journals alone. */
async function printNewest<Row extends ArrivedRow>({
  invocation,
  workplace,
  feed,
}: Following<Row>): Promise<readonly Row[]> {
  const reader = await openJournalReader(workplace.directory, invocation.terminal);
  const page = await feed.newest(reader);
  await reader.close();
  await feed.print(page);
  return page;
}
