import { context, diag, ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import type { JournalOwner } from '../projection/record.ts';
import { systemShippingClock } from '../shipping/clock.ts';
import type { SqlLedgerStore } from '../shipping/ledger-store.ts';
import type { ShipReport } from '../shipping/ship-pass.ts';
import type { Shipper } from '../shipping/shipper.ts';

/** What is shipped, and where to. */
export interface ShippingPlace {
  readonly directory: string;
  readonly owner: JournalOwner;
  readonly databaseUrl: string;
  readonly schema: string;
}

/** Shipping in the thread of the program itself, for a journal that no courier looks after. */
export interface OwnShipping {
  /** Records that were stored so far. */
  readonly shipped: number;
  /** Attempts that found no database. */
  readonly failures: number;
  /** Stores what is there; `false` where the database does not take it now. Never rejects. */
  flush(): Promise<boolean>;
  /** The same for the last time, and says that it was. */
  finish(): Promise<void>;
}

interface Parts {
  readonly store: SqlLedgerStore;
  /** Goes on by itself. */
  readonly shipper: Shipper;
  /** Makes the passes that somebody waits for: one shipper makes one pass at a time. */
  readonly hurried: Shipper;
}

/** How often a database that is not there is told of. */
const warnMillis = 60_000;

/** Begins to ship. It keeps no process alive, and none of its queries are seen by instrumentations. */
export function startShipping(place: ShippingPlace): OwnShipping {
  return context.with(suppressTracing(ROOT_CONTEXT), () => new Shipping(place));
}

class Shipping implements OwnShipping {
  shipped = 0;
  failures = 0;
  readonly #owner: JournalOwner;
  readonly #stop = new AbortController();
  readonly #parts: Promise<Parts>;
  readonly #running: Promise<void>;
  #flushed: Promise<boolean> = Promise.resolve(true);
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor(place: ShippingPlace) {
    this.#owner = place.owner;
    this.#parts = load(place);
    this.#running = this.#parts.then(({ shipper }) => shipper.run(this.#stop.signal, (report) => this.#hear(report)));
    // Whoever waits for it hears why.
    this.#running.catch(() => undefined);
  }

  flush(): Promise<boolean> {
    this.#flushed = this.#flushed.then(() => this.#ship());
    return this.#flushed;
  }

  async #ship(): Promise<boolean> {
    try {
      const { hurried } = await this.#parts;
      const report = await quietly(() => hurried.shipOnce({ adoptionMillis: 0 }));
      this.#hear(report);
      return report.status === 'caught-up';
    } catch (error) {
      diag.error('spanledger: rows could not be shipped; they stay in the journal', error);
      return false;
    }
  }

  async finish(): Promise<void> {
    this.#stop.abort();
    await this.#running.catch(() => undefined);
    const isStored = await this.flush();
    const parts = await this.#parts.catch(() => undefined);
    const at = systemShippingClock.now();
    if (isStored) await quietly(() => parts?.store.heartbeat({ owner: this.#owner, seenAt: at, endedAt: at }));
    await parts?.store.close().catch(() => undefined);
  }

  #hear({ status, records, message, action, unreadable }: ShipReport): void {
    this.shipped += records;
    for (const reason of unreadable) diag.warn(reason);
    if (status !== 'unavailable') return;
    this.failures += 1;
    const now = performance.now();
    if (now - this.#warnedAt < warnMillis) return;
    this.#warnedAt = now;
    diag.warn(
      `spanledger: rows wait in the journal: ${message ?? 'the database is not available'} ${action ?? ''}`.trim(),
    );
  }
}

async function load({ directory, owner, databaseUrl, schema }: ShippingPlace): Promise<Parts> {
  const [{ createPostgresStore }, { createShipper }] = await Promise.all([
    import('../shipping/postgres-store.ts'),
    import('../shipping/shipper.ts'),
  ]);
  const store = createPostgresStore({ connectionString: databaseUrl, schema });
  const clock = { ...systemShippingClock, sleep: sleepLightly };
  const vitals = () => ({ owner, seenAt: clock.now() });
  const common = { directory, store, instanceId: owner.instanceId, clock };
  return { store, shipper: createShipper({ ...common, vitals }), hurried: createShipper(common) };
}

function quietly<T>(work: () => T): T {
  return context.with(suppressTracing(ROOT_CONTEXT), work);
}

/** A sleeper for whom no process stays. */
function sleepLightly(millis: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, millis).unref();
    signal?.addEventListener('abort', finish);
  });
}
