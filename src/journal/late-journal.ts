import type { JournalOwner, LedgerRecord, RecordClass } from '../projection/record.ts';
import type { JournalStats } from './journal.ts';
import { instanceDirectory } from './layout.ts';
import { type FileJournal, type JournalOptions, openJournal } from './open-journal.ts';
import { Tally } from './tally.ts';

/**
 * A journal that is opened with its first record: whoever has nothing to say leaves no trace on the disk. For worker threads, of which a
 * program may start thousands that do nothing worth a record.
 */
export class LateJournal implements FileJournal {
  readonly owner: JournalOwner;
  readonly path: string;
  readonly #options: JournalOptions;
  #journal: FileJournal | undefined;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.owner = options.owner;
    this.path = instanceDirectory(options.directory, options.owner.instanceId);
  }

  /** Whether there is anything on the disk. */
  get isOpen(): boolean {
    return this.#journal !== undefined;
  }

  append(...records: readonly LedgerRecord[]): void {
    this.#opened().append(...records);
  }

  leaveOut(name: RecordClass): void {
    this.#opened().leaveOut(name);
  }

  leaveOutLine(): void {
    this.#opened().leaveOutLine();
  }

  retry(): void {
    this.#journal?.retry();
  }

  async sync(): Promise<void> {
    await this.#journal?.sync();
  }

  stats(): JournalStats {
    if (this.#journal !== undefined) return this.#journal.stats();
    const { offset: _, ...nothing } = new Tally().read();
    return nothing;
  }

  close(): void {
    this.#journal?.close();
  }

  #opened(): FileJournal {
    this.#journal ??= openJournal(this.#options);
    return this.#journal;
  }
}
