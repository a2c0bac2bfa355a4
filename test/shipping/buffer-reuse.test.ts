import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type FileJournal, openJournal } from '../../src/journal/open-journal.ts';
import type { EventRecord, LedgerRecord } from '../../src/projection/record.ts';
import { BufferPool } from '../../src/shipping/buffer-pool.ts';
import { createLedgerStore, type SqlLedgerStore } from '../../src/shipping/ledger-store.ts';
import { createPostgresDatabase } from '../../src/shipping/postgres-database.ts';
import { createShipper, type Shipper } from '../../src/shipping/shipper.ts';
import type { LedgerStore, Shipment, ShipResult } from '../../src/shipping/store.ts';
import { useDatabase } from '../harness/database.ts';
import { startTcpRelay, type TcpRelay } from '../harness/tcp-relay.ts';
import { createEvent, createOwner, createStart } from '../journal/sample-records.ts';

/*
 * Whatever is given back is overwritten at once, so that whoever still reads it reads garbage. The wire to the server holds back what comes
 * behind a mark, so that megabytes wait in this process while the server has its say.
 */

const mebibyte = 1024 * 1024;
/** How long a hasty store lets the server be silent, but for the two seconds that every store adds. */
const hastyMillis = 2_000;
/** So much of a connection still goes through behind a mark: enough for the message that holds it. */
const passedBehindMark = mebibyte / 2;

const database = useDatabase();
let wire: Wire;
let pool: pg.Pool;
let store: SqlLedgerStore;
let hasty: SqlLedgerStore;
let directory: string;
let journals: FileJournal[] = [];
const memory = { taken: [] as Buffer[], given: new Set<Buffer>() };
/** What connections had still to send when a transaction was through with them, and how many could send nothing any more. */
const released = { unsent: [] as number[], destroyed: 0 };

beforeAll(async () => {
  wire = await startWire(database.url);
  pool = new pg.Pool({ connectionString: wire.url, max: 8 });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  pool.on('release', (_, client) => {
    const socket = socketOf(client);
    if (socket.destroyed) released.destroyed += 1;
    else released.unsent.push(socket.writableLength);
  });
  store = openStore();
  hasty = openStore(hastyMillis);
});
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'spanledger-reuse-'));
  await store.database.transaction((connection) =>
    connection.script(
      'truncate spanledger.audit_log, spanledger.task_progress, spanledger.import_items, spanledger.shipments, spanledger.instances',
    ),
  );
  watchMemory();
  Object.assign(released, { unsent: [], destroyed: 0 });
});
afterEach(() => {
  vi.restoreAllMocks();
  wire.release();
  for (const journal of journals) journal.close();
  journals = [];
  rmSync(directory, { recursive: true, force: true });
  expect(Math.max(...released.unsent)).toBe(0);
});
afterAll(async () => {
  await pool.end();
  await wire.close();
});

function openStore(statementTimeoutMillis?: number): SqlLedgerStore {
  const silence = statementTimeoutMillis === undefined ? {} : { statementTimeoutMillis };
  const opened = createPostgresDatabase({ connectionString: wire.url, pool, ...silence });
  return createLedgerStore({
    database: opened,
    schema: 'spanledger',
    description: opened.description,
    overlaps: true,
    now: () => Date.now() * 1000,
    close: () => opened.close(),
  });
}

function watchMemory(): void {
  memory.taken = [];
  memory.given = new Set();
  const { take, give } = BufferPool.prototype;
  vi.spyOn(BufferPool.prototype, 'take').mockImplementation(function (this: BufferPool, bytes) {
    const buffer = take.call(this, bytes);
    memory.taken.push(buffer);
    return buffer;
  });
  vi.spyOn(BufferPool.prototype, 'give').mockImplementation(function (this: BufferPool, buffer) {
    buffer.fill(0xee);
    memory.given.add(buffer);
    give.call(this, buffer);
  });
}

/** How many buffers a pass takes that an earlier one gave back. */
async function reusedBy(pass: () => Promise<unknown>): Promise<number> {
  const before = new Set(memory.given);
  memory.taken = [];
  await pass();
  return memory.taken.filter((buffer) => before.has(buffer)).length;
}

function journal(instanceId: string): FileJournal {
  const opened = openJournal({ directory, owner: createOwner(instanceId), maxSegmentBytes: 64 * mebibyte });
  journals.push(opened);
  return opened;
}

/** Some eight KiB that no other record has. */
function large(seq: number, more: Partial<EventRecord> = {}): EventRecord {
  return createEvent(seq, { message: `${seq} ${randomBytes(6_000).toString('base64')}`, ...more });
}

const digest = (text: string) => createHash('md5').update(text).digest('hex');
const digests = (records: readonly EventRecord[]) =>
  records.map(({ seq, message = '' }) => ({ seq, digest: digest(message) }));

async function stored(): Promise<readonly Record<string, unknown>[]> {
  return store.query('select seq, md5(message) as digest from audit_log order by seq');
}

/** What is shipped is the same when the store is through with it as it was when the store was given it. */
class FaithfulStore implements LedgerStore {
  readonly description = 'the same';
  readonly overlaps = true;
  readonly results: ShipResult['status'][] = [];
  readonly changed: Shipment[] = [];
  inner = store;

  async ship(shipment: Shipment): Promise<ShipResult> {
    const before = fingerprint(shipment);
    const result = await this.inner.ship(shipment);
    if (fingerprint(shipment) !== before) this.changed.push(shipment);
    this.results.push(result.status);
    return result;
  }

  offset: LedgerStore['offset'] = (instanceId, segment) => this.inner.offset(instanceId, segment);
  heartbeat: LedgerStore['heartbeat'] = (heartbeat) => this.inner.heartbeat(heartbeat);
  query: LedgerStore['query'] = (sql, parameters) => this.inner.query(sql, parameters);
  close: LedgerStore['close'] = async () => undefined;
}

function fingerprint({ encoded }: Shipment): string {
  const hash = createHash('md5');
  for (const { data } of encoded?.tables ?? []) hash.update(data);
  return hash.digest('hex');
}

function shipping(maxBytes: number): { readonly shipper: Shipper; readonly faithful: FaithfulStore } {
  const faithful = new FaithfulStore();
  return { faithful, shipper: createShipper({ directory, store: faithful, maxBytes }) };
}

describe('memory that is given back', () => {
  test('is read by nobody, where the server refuses a COPY of which megabytes have not been sent', async () => {
    const { shipper, faithful } = shipping(8 * mebibyte);
    const written = journal('a');
    const poison = large(4, { level: 'unheard-of', reason: 'held back' });
    const first = [0, 1, 2, 3, poison, ...Array.from({ length: 1_700 }, (_, index) => index + 5)];
    const records = first.map((one) => (typeof one === 'number' ? large(one) : one));
    written.append(...records);
    wire.hold('held back', '23514');
    const waiting = unsentAt('23514');
    expect(await shipper.shipOnce()).toMatchObject({ status: 'caught-up', records: 1_704, deadLetters: 1 });
    expect(Math.max(...waiting())).toBeGreaterThan(mebibyte);
    expect(faithful.results).toEqual(expect.arrayContaining(['refused', 'stored']));
    wire.release();
    const more = Array.from({ length: 300 }, (_, index) => large(index + 5_000));
    const reused = await reusedBy(async () => {
      written.append(...more);
      expect(await shipper.shipOnce()).toMatchObject({ status: 'caught-up', records: 300 });
    });
    expect(reused).toBeGreaterThan(0);
    expect(faithful.changed).toEqual([]);
    expect(await stored()).toEqual(digests([...records.filter((record) => record !== poison), ...more]));
  });

  test('is not used again after the server was silent for too long with megabytes waiting for it', async () => {
    const { shipper, faithful } = shipping(8 * mebibyte);
    const written = journal('a');
    const [early, late] = [Array.from({ length: 20 }, (_, seq) => large(seq)), [large(20, { reason: 'held back' })]];
    late.push(...Array.from({ length: 1_400 }, (_, index) => large(index + 21)));
    written.append(...early);
    await shipper.shipOnce();
    written.append(...late);
    wire.hold('held back', 'nothing that it says');
    faithful.inner = hasty;
    expect(await shipper.shipOnce()).toMatchObject({ status: 'unavailable', code: 'ETIMEDOUT' });
    faithful.inner = store;
    expect(released.destroyed).toBeGreaterThan(0);
    wire.release();
    const reused = await reusedBy(async () => {
      expect(await shipper.shipOnce()).toMatchObject({ status: 'caught-up', records: late.length });
    });
    expect(reused).toBe(0);
    expect(faithful.changed).toEqual([]);
    expect(await stored()).toEqual(digests([...early, ...late]));
  });

  test('is read by nobody, where passes meet, others were there first, and rows that should be new are not', async () => {
    const { shipper, faithful } = shipping(256 * 1024);
    const other = shipping(200 * 1024);
    const kept: EventRecord[] = [];
    const doubled = unsentAt('23505');
    for (let round = 0; round < 4; round += 1) {
      const records = Array.from({ length: 250 }, (_, index) =>
        large(round * 1_000 + index, { itemId: `item ${index}` }),
      );
      kept.push(...records);
      const starts: readonly LedgerRecord[] = records.map((_, order) => createStart(order));
      // The units are those of the round before, told of by a process that does not know it.
      journal(`instance-${round}`).append(...starts, ...records);
      await Promise.all([shipper.shipOnce(), shipper.shipOnce(), other.shipper.shipOnce()]);
      await shipper.shipOnce();
    }
    expect(doubled().length).toBeGreaterThan(0);
    expect([...faithful.results, ...other.faithful.results]).toEqual(expect.arrayContaining(['stored', 'elsewhere']));
    expect([...faithful.changed, ...other.faithful.changed]).toEqual([]);
    expect(await stored()).toEqual(digests(kept));
  });

  test('is forgotten when a pass was aborted, and after fifty that found nothing', async () => {
    const { shipper } = shipping(64 * 1024);
    const written = journal('a');
    const next = async () => {
      written.append(large(1));
      await shipper.shipOnce();
    };
    await next();
    expect(await reusedBy(next)).toBeGreaterThan(0);
    await shipper.shipOnce({ signal: AbortSignal.abort() });
    expect(await reusedBy(next)).toBe(0);
    for (let pass = 0; pass < 49; pass += 1) await shipper.shipOnce();
    expect(await reusedBy(next)).toBeGreaterThan(0);
    for (let pass = 0; pass < 50; pass += 1) await shipper.shipOnce();
    expect(await reusedBy(next)).toBe(0);
  });

  test('is forgotten where little comes after much, but for what the little needs', async () => {
    const { shipper } = shipping(mebibyte);
    const written = journal('a');
    const burst = async () => {
      written.append(...Array.from({ length: 400 }, (_, seq) => large(seq)));
      await shipper.shipOnce();
    };
    await burst();
    const much = new Set([...memory.given].filter(({ length }) => length >= mebibyte));
    expect(much.size).toBeGreaterThan(2);
    for (let pass = 0; pass < 100; pass += 1) {
      if (pass % 10 === 0) written.append(createEvent(pass));
      await shipper.shipOnce();
    }
    memory.taken = [];
    await burst();
    expect(new Set(memory.taken.filter((buffer) => much.has(buffer))).size).toBe(1);
  });
});

function socketOf(client: pg.PoolClient): Socket {
  return (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream;
}

/** What waits in the driver's sockets whenever the server says `text`. */
function unsentAt(text: string): () => readonly number[] {
  const waiting: number[] = [];
  const sockets = new Set<Socket>();
  const acquired = (client: pg.PoolClient) => {
    const stream = socketOf(client);
    if (sockets.has(stream)) return;
    sockets.add(stream);
    stream.prependListener('data', (bytes: Buffer) => {
      if (bytes.includes(text)) waiting.push(stream.writableLength);
    });
  };
  pool.on('acquire', acquired);
  return () => {
    pool.off('acquire', acquired);
    return waiting;
  };
}

interface Wire extends TcpRelay {
  /** From now on a connection on which a client sends `mark` gets little further before the server has said `until`. */
  hold(mark: string, until: string): void;
  /** Lets everything through again, and ends the connections that got no further. */
  release(): void;
}

/** A wire that takes from a client only as much as it passes on. */
async function startWire(serverUrl: string): Promise<Wire> {
  let mark: string | undefined;
  let end = '';
  const held = new Set<Socket>();
  const relay = await startTcpRelay(serverUrl, (client, upstream) => {
    let left = Number.POSITIVE_INFINITY;
    let before = Buffer.of();
    client.on('data', (bytes) => {
      // The mark may have come in two pieces.
      const isMarked = mark !== undefined && Buffer.concat([before, bytes]).includes(mark);
      before = Buffer.from(bytes.subarray(-(mark?.length ?? 0)));
      if (isMarked && left === Number.POSITIVE_INFINITY) left = passedBehindMark;
      left -= bytes.length;
      client.pause();
      upstream.write(bytes, () => {
        if (left > 0) client.resume();
        else held.add(client);
      });
    });
    upstream.on('data', (bytes) => {
      client.write(bytes);
      if (!bytes.includes(end)) return;
      left = Number.POSITIVE_INFINITY;
      before = Buffer.of();
      held.delete(client);
      client.resume();
    });
  });
  return {
    ...relay,
    hold(text, until) {
      mark = text;
      end = until;
    },
    release() {
      mark = undefined;
      end = '';
      // One that is not read from does not see that its other side is gone.
      for (const client of held) client.destroy();
      held.clear();
    },
  };
}
