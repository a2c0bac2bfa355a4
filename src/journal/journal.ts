import type { JournalOwner, LedgerRecord, RecordClass } from '../projection/record.ts';

/** Counts since the journal was opened. produced = appended + dropped + waiting, for every class. */
export interface JournalStats {
  readonly produced: Readonly<Record<RecordClass, number>>;
  readonly appended: Readonly<Record<RecordClass, number>>;
  /** By class, then by reason: `disk-full`, `cap`, `io-error`, `closed`, `unencodable`, `rate`. */
  readonly dropped: Readonly<Record<RecordClass, Readonly<Record<string, number>>>>;
  /** Held in memory because the disk refused them; written as soon as it accepts them again. */
  readonly waiting: number;
  /** `waiting` by class. */
  readonly waitingByClass: Readonly<Record<RecordClass, number>>;
  readonly bytes: number;
  readonly segment: number;
  readonly lastError?: string;
}

/**
 * The append side. When `append` returns, the record has been handed to the operating system: it survives the death of
 * the process. `sync` makes it survive the death of the machine. Nothing here ever throws into the caller.
 */
export interface Journal {
  readonly owner: JournalOwner;
  append(...records: readonly LedgerRecord[]): void;
  /** Counts a record that could not be made, for a fault that is none of the disk's: dropped, as `unencodable`. */
  leaveOut(name: RecordClass): void;
  sync(): Promise<void>;
  stats(): JournalStats;
  close(): void;
}

/** One record as it stands in a segment. */
export interface JournalEntry {
  readonly record: LedgerRecord;
  readonly owner: JournalOwner;
  readonly segment: string;
  /** Byte offset at which the entry begins. */
  readonly start: number;
  /** Byte offset just behind the entry: the value to commit once it is stored. */
  readonly end: number;
}
