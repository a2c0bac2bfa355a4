import { SpanledgerError } from '../domain/errors.ts';
import { type JournalInfo, listJournals, type SegmentInfo } from '../journal/journal-listing.ts';
import { removeJournal } from '../journal/journal-removal.ts';
import type { Observer } from '../journal/liveness.ts';
import { isThreadOf } from '../journal/thread-instance.ts';
import { backOffMillis } from './back-off.ts';
import { BufferPool } from './buffer-pool.ts';
import { type ShippingClock, systemShippingClock } from './clock.ts';
import { type RetryReport, retryDeadLetters } from './dead-letter-retry.ts';
import { DoubtfulShipments, type ShippedPart } from './doubtful-shipments.ts';
import { journalHeartbeat } from './journal-heartbeat.ts';
import { type SegmentRun, startSegment } from './segment-shipping.ts';
import { type ShipOnceOptions, ShipPass, type ShipReport, type Stop } from './ship-pass.ts';
import type { Heartbeat, LedgerStore } from './store.ts';
import { StretchReader } from './stretch-reader.ts';

export interface ShipperOptions {
  /** The spanledger directory. */
  readonly directory: string;
  readonly store: LedgerStore;
  /**
   * The instance whose journal is shipped, with those of its worker threads; of the others only those of dead processes are. Without it
   * every journal is shipped, whoever writes it.
   */
  readonly instanceId?: string;
  /** Vitals of this process for its `instances` row, asked for every ten seconds by `run`. */
  readonly vitals?: () => Heartbeat;
  /** About how many bytes of the journal go into one shipment; default 4 MiB, some 8,000 records. */
  readonly maxBytes?: number;
  /** How often `run` looks for something new, half as often where much comes; default 200 ms. */
  readonly pollMillis?: number;
  readonly clock?: ShippingClock;
  /** In [0, 1); spreads the attempts of many shippers. */
  readonly random?: () => number;
  /** Tells the living from the dead. */
  readonly observer?: Observer;
  /** Continue here also journals of which a part is in another database; default false. */
  readonly acceptsReplacement?: boolean;
}

/** Moves records from the journals to the store, each once. Any number of shippers may work on the same journals. */
export interface Shipper {
  /**
   * One pass: ships what is there, in order within each journal, and returns; also when the store becomes unavailable, with what
   * was stored until then.
   */
  shipOnce(options?: ShipOnceOptions): Promise<ShipReport>;
  /**
   * Ships until `signal` is aborted. Comes back to a store that is unavailable after a growing pause. `onReport` hears of passes
   * that stored something, failed, or found something unreadable. Never throws.
   */
  run(signal: AbortSignal, onReport?: (report: ShipReport) => void): Promise<void>;
  /** Tries the dead letters again, each stored once. */
  retryDeadLetters(): Promise<RetryReport>;
}

export function createShipper(options: ShipperOptions): Shipper {
  return new JournalShipper(options);
}

const defaultMaxBytes = 4 * 1024 * 1024;
const defaultPollMillis = 200;
/** So many records in one pass are much: then fewer and larger shipments cost the database and this thread a fifth less. */
const manyRecords = 500;
const firstRetryMillis = 250;
/** A database that is back is to be found soon: what runs is to be visible. An attempt in vain costs next to nothing. */
const maxRetryMillis = 5_000;
const heartbeatMillis = 10_000;
/** What runs here is to be visible within a second, however much the dead have left. */
const adoptionMillis = 400;
/** Some ten seconds of passes: memory that none of them needed is given back, and all of it where they found nothing. */
const calmPasses = 50;

/** A segment, and the one that comes after it. */
interface Place {
  readonly journal: JournalInfo;
  readonly segment: SegmentInfo;
  readonly following: SegmentInfo | undefined;
  readonly after: Promise<boolean> | undefined;
}

/** A segment on its way. */
interface Sent {
  readonly place: Place;
  readonly run: SegmentRun;
}

class JournalShipper implements Shipper {
  readonly #options: ShipperOptions;
  readonly #clock: ShippingClock;
  /** Offsets that this shipper has seen, by path of the segment: what has not grown need not be asked for. */
  readonly #offsets = new Map<string, number>();
  /** When each instance was last shown to be alive, or dead. */
  readonly #shownAt = new Map<string, number>();
  readonly #doubtful = new DoubtfulShipments();
  /** Kept from pass to pass: megabytes in each would have the garbage collector look through the whole heap several times a second. */
  #buffers = new BufferPool();
  #passes = 0;
  #calmPasses = 0;

  constructor(options: ShipperOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemShippingClock;
  }

  async shipOnce(options: ShipOnceOptions = {}): Promise<ShipReport> {
    const report = await this.#pass(options);
    this.#calmPasses = report.bytes > 0 ? 0 : this.#calmPasses + 1;
    this.#passes += 1;
    // Behind a fault another server may answer, such as a standby that was behind when it took over.
    if (report.status === 'unavailable') this.#offsets.clear();
    // What a connection that failed was given to send may not have been sent yet.
    if (report.status !== 'caught-up' || this.#calmPasses === calmPasses) this.#buffers = new BufferPool();
    else if (this.#passes % calmPasses === 0) this.#buffers.forgetUnused();
    return report;
  }

  async #pass(options: ShipOnceOptions): Promise<ShipReport> {
    const reader = new StretchReader(this.#options.maxBytes ?? defaultMaxBytes, this.#buffers);
    const pass = new ShipPass(reader, options, this.#clock.now);
    try {
      const journals = await this.#journals();
      this.#forget(journals);
      pass.totalBytes = journals.reduce((sum, { bytes }) => sum + bytes, 0);
      for (const journal of journals) {
        if (this.#isOthers(journal) && options.adoptionMillis === 0) {
          pass.hasMore = true;
          break;
        }
        const stop = await this.#shipJournal(journal, pass);
        if (stop?.status === 'aborted' && options.signal?.aborted !== true) {
          pass.hasMore = true;
          break;
        }
        if (stop !== undefined) return pass.report(stop);
      }
      return pass.report({ status: options.signal?.aborted === true ? 'aborted' : 'caught-up' });
    } catch (error) {
      return pass.report(toStop(error));
    }
  }

  async run(signal: AbortSignal, onReport?: (report: ShipReport) => void): Promise<void> {
    const { pollMillis = defaultPollMillis, random = Math.random } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      const report = await this.shipOnce({ signal, adoptionMillis });
      const isNews = report.status === 'unavailable' || report.bytes > 0 || report.unreadable.length > 0;
      if (isNews) onReport?.(report);
      if (report.status !== 'unavailable') failures = 0;
      // A connection that breaks now and then is no outage: whoever stored something meanwhile begins anew with short pauses.
      else failures = report.bytes > 0 ? 1 : failures + 1;
      const calm = report.hasMore ? 0 : pollMillis * (report.records >= manyRecords ? 2 : 1);
      const pause =
        failures === 0
          ? calm
          : backOffMillis(failures, { firstMillis: firstRetryMillis, maxMillis: maxRetryMillis, random });
      await this.#clock.sleep(pause, signal);
    }
  }

  retryDeadLetters(): Promise<RetryReport> {
    return retryDeadLetters(this.#options.directory, this.#options.store);
  }

  /** Of the journals in scope, one's own comes first: its work is in progress. */
  async #journals(): Promise<readonly JournalInfo[]> {
    const { directory, instanceId, observer } = this.#options;
    const journals = await listJournals(directory, observer);
    if (instanceId === undefined) return journals;
    const own = journals.filter((journal) => !this.#isOthers(journal));
    return [...own, ...journals.filter((journal) => !journal.isAlive && this.#isOthers(journal))];
  }

  /** One who ships for all has no journal of his own. */
  #isOthers({ instanceId }: JournalInfo): boolean {
    const { instanceId: own } = this.#options;
    return own !== undefined && instanceId !== own && !isThreadOf(instanceId, own);
  }

  #forget(journals: readonly JournalInfo[]): void {
    const paths = new Set(journals.flatMap(({ segments }) => segments.map(({ path }) => path)));
    for (const path of this.#offsets.keys()) if (!paths.has(path)) this.#offsets.delete(path);
    const shown = new Set(journals.map(shownName));
    for (const name of this.#shownAt.keys()) if (!shown.has(name)) this.#shownAt.delete(name);
  }

  async #shipJournal(journal: JournalInfo, pass: ShipPass): Promise<Stop | undefined> {
    try {
      const stop = await this.#shipSegments(journal, pass);
      if (stop !== undefined) return stop;
      await this.#showLife(journal);
      if (!journal.isAlive) await removeJournal(journal);
    } catch (error) {
      // What another process has left, and cannot be read or may not be continued here, does not hold up what can be.
      const why = reasonToPassOver(error);
      if (why === undefined || journal.instanceId === this.#options.instanceId) throw error;
      pass.unreadable.push(`${journal.path}: ${why}`);
    }
    return undefined;
  }

  async #shipSegments(journal: JournalInfo, pass: ShipPass): Promise<Stop | undefined> {
    const grown = journal.segments.filter(
      ({ path, bytes, isClosed }) => isClosed || bytes > (this.#offsets.get(path) ?? -1),
    );
    let previous: Sent | undefined;
    for (const [index, segment] of grown.entries()) {
      const after = (await previous?.run.handedOver)?.last;
      const current = this.#send({ journal, segment, following: grown[index + 1], after }, pass);
      const stop = await this.#settle(previous, pass).catch((error: unknown) => ({ error }));
      if (stop !== undefined) {
        // What was sent after something that fails is not stored either; nothing is left under way.
        await Promise.allSettled([current.run.result]);
        if ('error' in stop) throw stop.error;
        return stop;
      }
      previous = current;
    }
    return this.#settle(previous, pass);
  }

  #send(place: Place, pass: ShipPass): Sent {
    const { journal, segment, following, after } = place;
    const { directory, store, acceptsReplacement = false } = this.#options;
    const known = this.#offsets.get(segment.path);
    // What is removed next is to be in the database as it is now.
    const isToGo = segment.isClosed && known !== undefined && known >= segment.bytes;
    const onStored = (part: ShippedPart) => pass.add(part);
    const target = { directory, store, now: this.#clock.now, onStored, doubtful: this.#doubtful };
    const run = startSegment({
      target,
      journal,
      segment,
      offset: isToGo ? undefined : known,
      reader: pass.reader,
      next: following && { segment: following, offset: this.#offsets.get(following.path) ?? 0 },
      overlaps: store.overlaps === true,
      after,
      signal: this.#isOthers(journal) ? pass.adoption() : pass.signal,
      acceptsReplacement,
    });
    return { place, run };
  }

  /** Waits for a segment, and answers why the pass has to stop, if it does. */
  async #settle(sent: Sent | undefined, pass: ShipPass): Promise<Stop | undefined> {
    if (sent === undefined) return undefined;
    const { path } = sent.place.segment;
    const result = await sent.run.result;
    if (result.status === 'out-of-turn')
      return this.#settle(this.#send({ ...sent.place, after: undefined }, pass), pass);
    if (result.status === 'stored' && !result.isRemoved) this.#offsets.set(path, result.offset);
    else this.#offsets.delete(path);
    if (result.status === 'stored' && result.isRemoved) pass.removedSegments += 1;
    if (result.status === 'unreadable') pass.unreadable.push(result.message);
    return result.status === 'unavailable' || result.status === 'aborted' ? result : undefined;
  }

  async #showLife(journal: JournalInfo): Promise<void> {
    const { owner, instanceId } = journal;
    if (owner === undefined) return;
    const now = this.#clock.now();
    const name = shownName(journal);
    if (Math.abs(now - (this.#shownAt.get(name) ?? 0)) < heartbeatMillis * 1000) return;
    const isOwn = instanceId === this.#options.instanceId;
    const vitals = isOwn ? this.#options.vitals?.() : undefined;
    const shown = await this.#options.store.heartbeat(vitals ?? journalHeartbeat(journal, owner, now));
    if (!shown) return;
    this.#shownAt.set(name, now);
    // Nobody says that another server has taken over while there was nothing to ship: what is stored is asked for now and then.
    for (const { path } of journal.segments) this.#offsets.delete(path);
  }
}

/** Under which name it is kept when a process was last shown to be alive, or dead. */
function shownName({ instanceId, isAlive }: JournalInfo): string {
  return `${instanceId} ${isAlive}`;
}

/** A fault of one journal: its database is another one, or the file system refuses a file of it. */
function reasonToPassOver(error: unknown): string | undefined {
  if (error instanceof SpanledgerError)
    return error.code === 'SPANLEDGER_DATABASE_REPLACED' ? `${error.message} ${error.action}` : undefined;
  return error instanceof Error && 'syscall' in error ? error.message : undefined;
}

function toStop(error: unknown): Stop {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const name = typeof code === 'string' ? code.replace('SPANLEDGER_', '') : 'UNKNOWN';
  const action = error instanceof SpanledgerError ? { action: error.action } : {};
  return { status: 'unavailable', code: name, message: String(message ?? error), ...action };
}
