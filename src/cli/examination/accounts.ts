import { type Account, missingOf, parseAccount } from '../../journal/account.ts';
import type { JournalInfo } from '../../journal/journal-listing.ts';
import { type RecordClass, recordClasses } from '../../projection/record.ts';
import { isoTime } from '../rendering/quantities.ts';
import { finding, type Observation, well } from './observation.ts';

/** What processes say of their own records in their heartbeats: the account of each, what it dropped, what went wrong last. */
export function examineAccounts(journals: readonly JournalInfo[]): readonly Observation[] {
  const told = journals.flatMap((journal) => {
    const account = parseAccount(journal.heartbeat?.figures);
    return account === undefined ? [] : [{ journal, account }];
  });
  if (told.length === 0) return [];
  return [
    examineBalance(told),
    ...told.flatMap(({ journal, account }) => findDrops(journal, account)),
    ...told.flatMap(({ journal, account }) => findErrors(journal, account)),
  ];
}

interface Told {
  readonly journal: JournalInfo;
  readonly account: Account;
}

/** produced = appended + dropped + waiting, summed over all processes that left an account here. */
function examineBalance(told: readonly Told[]): Observation {
  const accounts = told.map(({ account }) => account);
  const figures = Object.fromEntries(told.map(({ journal, account }) => [journal.instanceId, figuresOf(account)]));
  const missing = recordClasses.flatMap((name) => {
    const count = accounts.reduce((sum, account) => sum + missingOf(account)[name], 0);
    return count === 0 ? [] : [`${count} ${name} records`];
  });
  const lines = recordClasses.map((name) => classText(name, accounts));
  const message = `produced = appended + dropped + waiting: ${lines.join('; ')}`;
  if (missing.length === 0) return well('account', message, figures);
  const action = 'Records are unaccounted for, which must not be: keep the directory and report it as a bug.';
  return finding('account', `${message}; unaccounted for: ${missing.join(', ')}`, action, figures);
}

function figuresOf({ produced, appended, dropped, waiting }: Account) {
  return { produced, appended, dropped, waiting };
}

function classText(name: RecordClass, accounts: readonly Account[]): string {
  const sum = (count: (account: Account) => number) => accounts.reduce((total, account) => total + count(account), 0);
  const dropped = sum((account) => Object.values(account.dropped[name]).reduce((total, count) => total + count, 0));
  const [produced, appended] = [sum((account) => account.produced[name]), sum((account) => account.appended[name])];
  return `${name} ${produced} = ${appended} + ${dropped} + ${sum((account) => account.waiting[name])}`;
}

function findDrops({ instanceId }: JournalInfo, { dropped }: Account): readonly Observation[] {
  const losses = recordClasses.flatMap((name) =>
    Object.entries(dropped[name]).flatMap(([reason, count]) =>
      count > 0 ? [`${count} ${name} records (${reason})`] : [],
    ),
  );
  if (losses.length === 0) return [];
  const action =
    'Free disk space or raise SPANLEDGER_JOURNAL_MAX_BYTES, and see that the database takes what is shipped.';
  return [finding('drops', `${instanceId} dropped ${losses.join(', ')}`, action)];
}

function findErrors({ instanceId, heartbeat, isAlive }: JournalInfo, account: Account): readonly Observation[] {
  const found: Observation[] = [];
  const waiting = Object.values(account.waiting).reduce((sum, count) => sum + count, 0);
  if (account.lastError !== undefined) {
    const message = `the disk refused the journal of ${instanceId}: ${account.lastError}; ${waiting} records wait in memory`;
    found.push(finding('errors', message, 'Free the disk or make it writable; what waits is written by itself then.'));
  }
  const failure = parseFailure(heartbeat?.figures?.lastShipFailure);
  if (failure !== undefined) {
    const message = `${instanceId} could not ship at ${isoTime(new Date(failure.at / 1000))}: ${failure.message} (${failure.code})`;
    const usual = 'See that the database answers; the process goes on by itself, and records wait in the journal.';
    const action = failure.action ?? usual;
    const over = afterFailure(failure, { isAlive, seenAt: heartbeat?.at });
    found.push(over === undefined ? finding('errors', message, action) : well('errors', `${message}; ${over}`));
  }
  return found;
}

/** What became of it as far as that is known, or `undefined` while it lasts. What still waits of a process that is gone, others ship: the backlog has it. */
function afterFailure(
  { recovered }: ShipFailure,
  { isAlive, seenAt }: { readonly isAlive: boolean; readonly seenAt: number | undefined },
): string | undefined {
  if (recovered) return 'it shipped everything afterwards';
  if (isAlive) return undefined;
  const seen = seenAt === undefined ? '' : ` when it was last seen, at ${isoTime(new Date(seenAt / 1000))}`;
  return `its process is gone, and had not shipped everything${seen}`;
}

interface ShipFailure {
  readonly at: number;
  readonly code: string;
  readonly message: string;
  readonly action?: string;
  readonly recovered: boolean;
}

function parseFailure(value: unknown): ShipFailure | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { at, code, message, action, recovered } = value as Readonly<Record<string, unknown>>;
  if (typeof at !== 'number') return undefined;
  const advice = typeof action === 'string' ? { action } : {};
  return { at, code: String(code), message: String(message), ...advice, recovered: recovered === true };
}
