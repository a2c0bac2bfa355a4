import {
  classOf,
  type EventRecord,
  type JournalOwner,
  type LedgerRecord,
  type RecordClass,
  recordClasses,
} from '../projection/record.ts';
import { Capacity } from './capacity.ts';
import { type JournalClock, systemJournalClock } from './clock.ts';
import { DiskTrouble, type TroubleListener } from './disk-trouble.ts';
import { type JournalFileSystem, nodeFileSystem } from './file-system.ts';
import { FrameBatch } from './frame-batch.ts';
import type { Journal, JournalStats } from './journal.ts';
import { instanceDirectory, type Lane } from './layout.ts';
import { PatientWriter } from './patient-writer.ts';
import { ownProcessIdentity } from './process-identity.ts';
import { createSegmentHeader } from './segment-header.ts';
import { SegmentSync } from './segment-sync.ts';
import { SegmentWriter } from './segment-writer.ts';
import { writeSessionNote } from './session-notes.ts';
import { Tally } from './tally.ts';

export interface JournalOptions extends TroubleListener {
  /** The spanledger directory; the journal is `<directory>/journal/<instanceId>`. */
  readonly directory: string;
  readonly owner: JournalOwner;
  /** Whose segments these are; default `main`. Two writers of one lane would take each other's segments for closed. */
  readonly lane?: Lane;
  /** A segment is closed before it grows beyond this. Default 8 MiB. */
  readonly maxSegmentBytes?: number;
  /** A segment is closed when it is older than this and written to again. Default 10 minutes. */
  readonly maxSegmentAgeMillis?: number;
  /** Cap on all segments that are still there, those of other instances included. Default 2 GiB. */
  readonly maxBytes?: number;
  /** Memory for records that the disk refuses. Default 16 MiB. */
  readonly maxWaitingBytes?: number;
  /** Pause between attempts to write what waits. Default 500 ms. */
  readonly retryMillis?: number;
  readonly clock?: JournalClock;
  readonly files?: JournalFileSystem;
  /** Memory for the counters, as `Tally` wants it; shared memory lets other threads read them. */
  readonly tallyMemory?: ArrayBuffer | SharedArrayBuffer;
}

/** A journal in files. */
export interface FileJournal extends Journal {
  /** `<directory>/journal/<instanceId>` */
  readonly path: string;
  /** Whether there is anything of it on the disk. */
  readonly isOpen: boolean;
  /** Tries at once to write what waits. A timer does so every `retryMillis` anyway. */
  retry(): void;
  /** Counts a log line that its logger wrote in excess of its rate, and of which no record was made. */
  leaveOutLine(): void;
}

/**
 * Opens the journal of one run of one process. Never throws: where the directory cannot be written, records wait in
 * memory, within a limit, until it can.
 */
export function openJournal(options: JournalOptions): FileJournal {
  return new SegmentedJournal(options);
}

const maxBatchBytes = 1024 * 1024;
const lastClass = recordClasses.length - 1;
const auditKind = recordClasses.indexOf('audit');

class SegmentedJournal implements FileJournal {
  readonly owner: JournalOwner;
  readonly path: string;
  readonly isOpen = true;
  readonly #directory: string;
  readonly #clock: JournalClock;
  readonly #files: JournalFileSystem;
  readonly #trouble: DiskTrouble;
  readonly #tally: Tally;
  readonly #capacity: Capacity;
  readonly #sync: SegmentSync;
  readonly #writer: PatientWriter;
  readonly #batch = new FrameBatch();
  readonly #moves: SessionMove[] = [];
  #isClosed = false;

  constructor(options: JournalOptions) {
    this.owner = options.owner;
    this.path = instanceDirectory(options.directory, options.owner.instanceId);
    this.#directory = options.directory;
    this.#clock = options.clock ?? systemJournalClock;
    this.#files = options.files ?? nodeFileSystem;
    this.#trouble = new DiskTrouble(this.path, options);
    this.#tally = new Tally(options.tallyMemory, options.lane);
    this.#capacity = new Capacity(options.directory, options.maxBytes ?? 2 * 1024 ** 3, this.#files);
    this.#sync = new SegmentSync((error) => this.#trouble.note(error));
    const writer = this.#createWriter(options);
    this.#prepare(writer);
    this.#writer = new PatientWriter({
      writer,
      tally: this.#tally,
      capacity: this.#capacity,
      sync: this.#sync,
      trouble: this.#trouble,
      clock: this.#clock,
      maxWaitingBytes: options.maxWaitingBytes ?? 16 * 1024 ** 2,
      retryMillis: options.retryMillis ?? 500,
    });
  }

  append(...records: readonly LedgerRecord[]): void {
    const batch = this.#batch;
    for (const record of records) {
      this.#encode(record);
      if (batch.length > maxBatchBytes) this.#flush();
    }
    if (batch.count > 0) this.#flush();
    if (this.#moves.length > 0) this.#noteMoves();
  }

  retry(): void {
    if (!this.#isClosed) this.#writer.retry();
  }

  sync(): Promise<void> {
    return this.#sync.sync();
  }

  stats(): JournalStats {
    const { offset: _, ...counts } = this.#tally.read();
    const { lastError } = this.#trouble;
    return lastError === undefined ? counts : { ...counts, lastError };
  }

  leaveOut(name: RecordClass): void {
    const kind = recordClasses.indexOf(name);
    this.#tally.produce(kind);
    this.#tally.drop(kind, 'unencodable');
  }

  leaveOutLine(): void {
    this.#tally.produce(auditKind);
    this.#tally.drop(auditKind, 'rate');
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#writer.close();
  }

  #encode(record: LedgerRecord): void {
    const kind = kindOf(record);
    const tally = this.#tally;
    tally.produce(kind);
    if (this.#isClosed) tally.drop(kind, 'closed');
    else if (!this.#capacity.admits(kind, this.#clock)) tally.drop(kind, 'cap');
    else if (!this.#batch.add(kind, record)) tally.drop(kind, 'unencodable');
    else if (isSessionMove(record)) this.#moves.push(record);
  }

  #flush(): void {
    this.#writer.write(this.#batch);
    this.#batch.clear();
  }

  /** Sessions move seldom; items, which move often, are not noted. */
  #noteMoves(): void {
    const { instanceId } = this.owner;
    for (const { sessionId: id, toState: state, at, version = at, attempt = 1 } of this.#moves.splice(0)) {
      try {
        writeSessionNote(this.#directory, { id, state, attempt, version, instanceId, at }, this.#files);
      } catch (error) {
        this.#trouble.note(error);
      }
    }
  }

  #createWriter(options: JournalOptions): SegmentWriter {
    return new SegmentWriter({
      directory: this.path,
      header: createSegmentHeader(this.owner, ownProcessIdentity()),
      lane: options.lane ?? 'main',
      maxSegmentBytes: options.maxSegmentBytes ?? 8 * 1024 ** 2,
      maxSegmentAgeMillis: options.maxSegmentAgeMillis ?? 600_000,
      files: this.#files,
      onSegment: (segment, bytes) => {
        this.#capacity.measure(this.#clock.now());
        this.#tally.place(segment, bytes);
        this.#tally.grow(bytes);
      },
    });
  }

  #prepare(writer: SegmentWriter): void {
    try {
      writer.prepare();
    } catch (error) {
      this.#trouble.begin(error);
    }
    this.#capacity.measure(this.#clock.now());
  }
}

/** Position of the record's class among the classes. What has no class counts as audit; the encoder refuses it. */
function kindOf(record: LedgerRecord): number {
  try {
    const kind = recordClasses.indexOf(classOf(record));
    return kind === -1 ? lastClass : kind;
  } catch {
    return lastClass;
  }
}

type SessionMove = EventRecord & { readonly sessionId: string; readonly toState: string };

/** An event of the session's own machine; others that carry a state only tell of it. */
function isSessionMove(record: LedgerRecord): record is SessionMove {
  return (
    record.type === 'event' &&
    record.unit === 'session' &&
    record.event.startsWith('import.session.') &&
    record.toState !== undefined &&
    record.sessionId !== undefined
  );
}
