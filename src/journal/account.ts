import { type RecordClass, recordClasses } from '../projection/record.ts';
import type { JournalStats } from './journal.ts';

/** What became of the records of one process, for others to see. produced = appended + dropped + waiting, for every class. */
export interface Account {
  readonly produced: Readonly<Record<RecordClass, number>>;
  readonly appended: Readonly<Record<RecordClass, number>>;
  /** By class, then by reason. */
  readonly dropped: Readonly<Record<RecordClass, Readonly<Record<string, number>>>>;
  readonly waiting: Readonly<Record<RecordClass, number>>;
  /** What the disk said last. */
  readonly lastError?: string;
}

/** The account as it stands in a heartbeat. */
export function accountOf(stats: Omit<JournalStats, 'segment' | 'bytes' | 'waiting'>): Account {
  const { produced, appended, dropped, waitingByClass, lastError } = stats;
  return { produced, appended, dropped, waiting: waitingByClass, ...(lastError !== undefined && { lastError }) };
}

/** The account in the figures of a heartbeat, as far as there is one: who wrote it may be of another version. */
export function parseAccount(figures: Readonly<Record<string, unknown>> | undefined): Account | undefined {
  if (figures === undefined) return undefined;
  const { produced, appended, dropped, waiting, lastError } = figures;
  if (!isTable(dropped)) return undefined;
  const counts = (value: unknown) => byClass((name) => toCount(isTable(value) ? value[name] : 0));
  return {
    produced: counts(produced),
    appended: counts(appended),
    waiting: counts(waiting),
    dropped: byClass((name) => {
      const reasons = dropped[name];
      const entries = isTable(reasons) ? Object.entries(reasons) : [];
      return Object.fromEntries(entries.map(([reason, count]) => [reason, toCount(count)]));
    }),
    ...(typeof lastError === 'string' && { lastError }),
  };
}

/** Records that are neither appended nor dropped nor waiting, by class; 0 everywhere in an account that is right. */
export function missingOf({ produced, appended, dropped, waiting }: Account): Readonly<Record<RecordClass, number>> {
  return byClass((name) => produced[name] - appended[name] - waiting[name] - sum(dropped[name]));
}

function byClass<T>(value: (name: RecordClass) => T): Record<RecordClass, T> {
  return Object.fromEntries(recordClasses.map((name) => [name, value(name)])) as Record<RecordClass, T>;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function toCount(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
