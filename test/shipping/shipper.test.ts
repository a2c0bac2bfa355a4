import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appendDeadLetters, readDeadLetters } from '../../src/journal/dead-letters.ts';
import { createObserver } from '../../src/journal/liveness.ts';
import { type FileJournal, openJournal } from '../../src/journal/open-journal.ts';
import type { EventRecord, JournalOwner, LedgerRecord } from '../../src/projection/record.ts';
import { createPostgresStore } from '../../src/shipping/postgres-store.ts';
import type { ShipProgress, ShipReport } from '../../src/shipping/ship-pass.ts';
import { createShipper, type Shipper } from '../../src/shipping/shipper.ts';
import type { LedgerStore, ShipResult } from '../../src/shipping/store.ts';
import { createDatabase, dropDatabase, useDatabase } from '../harness/database.ts';
import { noon, traceId } from './sample-rows.ts';

const database = useDatabase();
let store: ReturnType<typeof createPostgresStore>;
let directory: string;
let journals: FileJournal[] = [];

beforeEach(async () => {
  store ??= createPostgresStore({ connectionString: database.url, maxConnections: 6 });
  directory = mkdtempSync(join(tmpdir(), 'spanledger-shipper-'));
  await store.database.transaction((connection) =>
    connection.script(
      'truncate spanledger.audit_log, spanledger.task_progress, spanledger.instances, spanledger.shipments, spanledger.api_logs',
    ),
  );
});
afterEach(() => {
  for (const journal of journals) journal.close();
  journals = [];
  rmSync(directory, { recursive: true, force: true });
});
afterAll(() => store.close());

const owner = (instanceId: string): JournalOwner => ({
  instanceId,
  service: 'importer',
  host: 'host-1',
  pid: process.pid,
  startedAt: noon,
});

/** No process has this id: it is above the highest that Linux gives. */
const nobody = 2 ** 22 + 1;

function journal(instanceId: string, maxSegmentBytes = 8 * 1024 * 1024): FileJournal {
  const opened = openJournal({ directory, owner: owner(instanceId), maxSegmentBytes });
  journals.push(opened);
  return opened;
}

const event = (n: number, changes: Partial<EventRecord> = {}): LedgerRecord => ({
  type: 'event',
  traceId,
  at: noon + n,
  level: 'info',
  category: 'state_transition',
  event: 'import.item.transition',
  message: `event ${n}`,
  seq: n,
  ...changes,
});

/** Every process but this one's is dead to it, and this one too. */
const graveyard = { ...createObserver(), startTicks: () => undefined };

const count = async (where = 'true') => {
  const [row] = await store.query<{ n: number; distinct: number }>(
    `select count(*) as n, count(distinct (seq, trace_id)) as distinct from audit_log where ${where}`,
  );
  return row;
};

const segmentsOf = (instanceId: string) =>
  readdirSync(join(directory, 'journal', instanceId)).filter((name) => name.endsWith('.log'));

/** The store behind a switch: what `ship` answers while it is off. */
function switchable(answer: ShipResult): LedgerStore & { isOff: boolean } {
  return {
    isOff: true,
    description: store.description,
    offset: (...parameters) => store.offset(...parameters),
    heartbeat: (heartbeat) => store.heartbeat(heartbeat),
    query: (...parameters) => store.query(...parameters),
    close: async () => undefined,
    async ship(shipment) {
      return this.isOff ? answer : store.ship(shipment);
    },
  };
}

describe('one pass', () => {
  test('stores what was appended, each record once however often it runs', async () => {
    journal('a').append(...Array.from({ length: 1000 }, (_, n) => event(n)));
    const shipper = createShipper({ directory, store });
    expect(await shipper.shipOnce()).toMatchObject({ status: 'caught-up', records: 1000, deadLetters: 0 });
    expect(await shipper.shipOnce()).toMatchObject({ status: 'caught-up', records: 0, bytes: 0 });
    expect(await createShipper({ directory, store }).shipOnce()).toMatchObject({ status: 'caught-up', records: 0 });
    expect(await count()).toEqual({ n: 1000, distinct: 1000 });
  });

  test('goes on with what was appended since', async () => {
    const open = journal('a');
    const shipper = createShipper({ directory, store });
    open.append(event(1));
    await shipper.shipOnce();
    open.append(event(2), event(3));
    expect(await shipper.shipOnce()).toMatchObject({ records: 2 });
    expect(await count()).toEqual({ n: 3, distinct: 3 });
  });

  test('ships in parts and tells how far it has got', async () => {
    journal('a').append(...Array.from({ length: 500 }, (_, n) => event(n)));
    const progress: ShipProgress[] = [];
    const shipper = createShipper({ directory, store, maxBytes: 8192 });
    await shipper.shipOnce({ onProgress: (at) => progress.push(at) });
    expect(progress.length).toBeGreaterThan(5);
    expect(progress.map(({ records }) => records)).toEqual(
      [...progress.map(({ records }) => records)].sort((a, b) => a - b),
    );
    expect(progress.at(-1)).toMatchObject({ records: 500, bytes: progress.at(-1)?.totalBytes });
    expect(await count()).toEqual({ n: 500, distinct: 500 });
  });

  test('removes closed segments once they are stored, and keeps the one that is written to', async () => {
    const open = journal('a', 4096);
    for (let n = 0; n < 100; n += 1) open.append(event(n));
    expect(segmentsOf('a').length).toBeGreaterThan(3);
    const report = await createShipper({ directory, store }).shipOnce();
    expect(segmentsOf('a')).toHaveLength(1);
    expect(report.removedSegments).toBeGreaterThanOrEqual(3);
    open.append(event(100));
    await createShipper({ directory, store }).shipOnce();
    expect(await count()).toEqual({ n: 101, distinct: 101 });
  });

  test('adopts the journal of a process that died and clears it away', async () => {
    journal('dead').append(event(1), event(2));
    const shipper = createShipper({ directory, store, instanceId: 'me', observer: graveyard });
    expect(await shipper.shipOnce()).toMatchObject({ records: 2, removedSegments: 1 });
    expect(existsSync(join(directory, 'journal', 'dead'))).toBe(false);
    const [instance] = await store.query(
      "select ended_at is not null as ended from instances where instance_id = 'dead'",
    );
    expect(instance).toEqual({ ended: true });
  });

  test('leaves journals of other living processes alone unless it ships for all', async () => {
    journal('me').append(event(1));
    journal('other').append(event(2));
    await createShipper({ directory, store, instanceId: 'me' }).shipOnce();
    expect(await count('seq = 2')).toMatchObject({ n: 0 });
    await createShipper({ directory, store }).shipOnce();
    expect(await count()).toEqual({ n: 2, distinct: 2 });
  });

  test('stores every record once when many shippers adopt the same journals', async () => {
    for (const name of ['x', 'y', 'z']) {
      journal(name, 16_384).append(...Array.from({ length: 400 }, (_, n) => event(n + name.charCodeAt(0) * 1000)));
    }
    const shippers = Array.from({ length: 4 }, () =>
      createShipper({ directory, store, maxBytes: 4096, observer: graveyard }),
    );
    const reports = await Promise.all(shippers.map((shipper) => shipper.shipOnce()));
    expect(reports.reduce((sum, { records }) => sum + records, 0)).toBe(1200);
    expect(await count()).toEqual({ n: 1200, distinct: 1200 });
    expect(readdirSync(join(directory, 'journal'))).toEqual([]);
  });

  describe('of a process that has its own journal, while the dead have left much', () => {
    /** Whose journal each shipment came from. */
    const shipped: string[] = [];
    const watched = (): LedgerStore => ({
      description: store.description,
      offset: (...parameters) => store.offset(...parameters),
      heartbeat: (heartbeat) => store.heartbeat(heartbeat),
      query: (...parameters) => store.query(...parameters),
      close: async () => undefined,
      ship(shipment) {
        shipped.push(shipment.owner.instanceId);
        return store.ship(shipment);
      },
    });
    beforeEach(() => {
      shipped.length = 0;
      const left = openJournal({ directory, owner: { ...owner('dead'), pid: nobody } });
      left.append(...Array.from({ length: 300 }, (_, n) => event(n)));
      left.close();
    });

    test('looks after its own again and again before the others are through', async () => {
      const own = journal('me');
      own.append(event(1000));
      let now = noon;
      let rounds = 0;
      const stop = new AbortController();
      const clock = {
        now: () => {
          now += 1_000_000;
          return now;
        },
        async sleep(millis: number) {
          rounds += 1;
          if (millis > 0 || rounds === 50) stop.abort();
          else own.append(event(1000 + rounds));
        },
      };
      const options = { directory, store: watched(), instanceId: 'me', maxBytes: 8192, clock };
      await createShipper(options).run(stop.signal);
      expect(shipped.slice(0, 4)).toEqual(['me', 'dead', 'me', 'dead']);
      expect(await count('seq < 1000')).toEqual({ n: 300, distinct: 300 });
      expect(existsSync(join(directory, 'journal', 'dead'))).toBe(false);
    });

    test('leaves the others alone when it is told to, as at its end', async () => {
      journal('me').append(event(1000));
      const options = { directory, store: watched(), instanceId: 'me' };
      const report = await createShipper(options).shipOnce({ adoptionMillis: 0 });
      expect(report).toMatchObject({ status: 'caught-up', records: 1, hasMore: true });
      expect(shipped).toEqual(['me']);
      expect(await createShipper(options).shipOnce()).toMatchObject({ records: 300, hasMore: false });
    });
  });

  test('stops between two shipments when it is told to', async () => {
    journal('a').append(...Array.from({ length: 500 }, (_, n) => event(n)));
    const stop = new AbortController();
    const shipper = createShipper({ directory, store, maxBytes: 8192 });
    const report = await shipper.shipOnce({ signal: stop.signal, onProgress: () => stop.abort() });
    expect(report.status).toBe('aborted');
    expect(report.records).toBeGreaterThan(0);
    expect((await count())?.n).toBe(report.records);
    await shipper.shipOnce();
    expect(await count()).toEqual({ n: 500, distinct: 500 });
  });

  test('shows that the writer of a journal lives', async () => {
    journal('a').append(event(1));
    await createShipper({ directory, store }).shipOnce();
    const [row] = await store.query(
      "select last_seen_at > now() - interval '10 s' as seen, ended_at, journal_bytes from instances",
    );
    expect(row).toMatchObject({ seen: true, ended_at: null, journal_bytes: expect.any(Number) });
  });
});

describe('poison records', () => {
  test('go to the dead letters with their reason, exactly they, and all others arrive', async () => {
    const poison = new Set([17, 500, 501, 1999]);
    const records = Array.from({ length: 2000 }, (_, n) => event(n, poison.has(n) ? { level: 'loud' } : {}));
    journal('a').append(...records);
    const report = await createShipper({ directory, store }).shipOnce();
    expect(report).toMatchObject({ status: 'caught-up', records: 1996, deadLetters: 4 });
    expect(await count()).toEqual({ n: 1996, distinct: 1996 });
    const letters = await readDeadLetters(directory);
    expect(letters.map(({ record }) => record?.type === 'event' && record.seq).sort()).toEqual([17, 1999, 500, 501]);
    expect(letters[0]).toMatchObject({ code: '23514', reason: expect.stringContaining('level') });
    const [row] = await store.query('select sum(records) as records, sum(dead_letters) as dead from shipments');
    expect(row).toEqual({ records: 1996, dead: 4 });
  });

  test('that the encoder refuses go there too', async () => {
    journal('a').append(event(1), event(2, { traceId: 'no trace id' }), event(3));
    expect(await createShipper({ directory, store }).shipOnce()).toMatchObject({ records: 2, deadLetters: 1 });
    expect(await readDeadLetters(directory)).toMatchObject([
      { code: '22P02', reason: 'audit_log.trace_id: not a uuid' },
    ]);
  });

  test('are stored once when they are tried again after repair', async () => {
    journal('a').append(event(1, { level: 'loud' }), event(2, { level: 'louder' }));
    const shipper = createShipper({ directory, store });
    await shipper.shipOnce();
    expect(await shipper.retryDeadLetters()).toEqual({ stored: 0, kept: 2 });
    const script = (sql: string) => store.database.transaction((connection) => connection.script(sql));
    await script('alter table spanledger.audit_log drop constraint audit_log_level_check');
    const letters = await readDeadLetters(directory);
    expect(await shipper.retryDeadLetters()).toEqual({ stored: 2, kept: 0 });
    await appendDeadLetters(directory, letters);
    expect(await shipper.retryDeadLetters()).toEqual({ stored: 2, kept: 0 });
    expect(await count()).toEqual({ n: 2, distinct: 2 });
    await script(`truncate spanledger.audit_log; alter table spanledger.audit_log add constraint audit_log_level_check
      check (level in ('debug', 'info', 'warning', 'error', 'critical'))`);
  });
});

describe('a store that is unavailable', () => {
  test('ends a pass, which says why, and leaves the journal as it is', async () => {
    journal('a').append(event(1));
    const off = switchable({ status: 'unavailable', code: '57P03', message: 'starting up' });
    const shipper = createShipper({ directory, store: off });
    expect(await shipper.shipOnce()).toMatchObject({
      status: 'unavailable',
      code: '57P03',
      message: 'starting up',
      records: 0,
    });
    off.isOff = false;
    expect(await shipper.shipOnce()).toMatchObject({ status: 'caught-up', records: 1 });
  });

  test('is tried again after pauses that double up to a cap, spread by chance, until it is back', async () => {
    journal('a').append(event(1));
    const off = switchable({ status: 'unavailable', code: '08006', message: 'gone' });
    const pauses: number[] = [];
    const stop = new AbortController();
    const reports: ShipReport[] = [];
    const clock = {
      now: () => Date.now() * 1000,
      async sleep(millis: number) {
        pauses.push(millis);
        if (pauses.length === 10) off.isOff = false;
        if (pauses.length === 12) stop.abort();
      },
    };
    const shipper = createShipper({ directory, store: off, clock, random: () => 0, pollMillis: 200 });
    await shipper.run(stop.signal, (report) => reports.push(report));
    expect(pauses).toEqual([125, 250, 500, 1000, 2000, 2500, 2500, 2500, 2500, 2500, 200, 200]);
    expect(reports.map(({ status }) => status)).toEqual([...Array(10).fill('unavailable'), 'caught-up']);
    expect(await count()).toEqual({ n: 1, distinct: 1 });
  });

  test('is no outage while something gets through between two failures, so the pauses stay short', async () => {
    const written = journal('a', 1);
    let isCut = false;
    const failing: LedgerStore = {
      ...switchable({ status: 'unavailable', code: '08006', message: 'cut' }),
      async ship(shipment) {
        if (isCut) return { status: 'unavailable', code: '08006', message: 'cut' };
        isCut = true;
        return store.ship(shipment);
      },
    };
    for (let n = 1; n <= 5; n += 1) written.append(event(n));
    const pauses: number[] = [];
    const stop = new AbortController();
    const clock = {
      now: () => Date.now() * 1000,
      async sleep(millis: number) {
        pauses.push(millis);
        isCut = false;
        if (pauses.length === 5) stop.abort();
      },
    };
    await createShipper({ directory, store: failing, clock, random: () => 0, pollMillis: 200 }).run(stop.signal);
    expect(pauses).toEqual([125, 125, 125, 125, 200]);
    expect(await count()).toEqual({ n: 5, distinct: 5 });
  });

  test('is asked half as often while much comes', async () => {
    const written = journal('a');
    for (let n = 1; n <= 600; n += 1) written.append(event(n));
    const pauses: number[] = [];
    const stop = new AbortController();
    const clock = {
      now: () => Date.now() * 1000,
      async sleep(millis: number) {
        pauses.push(millis);
        if (pauses.length === 1) written.append(event(601));
        if (pauses.length === 3) stop.abort();
      },
    };
    await createShipper({ directory, store, clock, pollMillis: 200 }).run(stop.signal);
    expect(pauses).toEqual([400, 200, 200]);
    expect(await count()).toEqual({ n: 601, distinct: 601 });
  });

  test('that cannot even be asked for an offset is told of by its error code', async () => {
    journal('a').append(event(1));
    const away = createPostgresStore({
      connectionString: 'postgres://u:secret@127.0.0.1:1/none',
      connectTimeoutMillis: 500,
    });
    const report = await createShipper({ directory, store: away }).shipOnce();
    expect(report).toMatchObject({ status: 'unavailable', code: 'DATABASE_UNREACHABLE' });
    expect(report.message).not.toContain('secret');
    await away.close();
  });
});

describe('a journal of a dead process that cannot be read', () => {
  test('does not hold up the others, and is told of', async () => {
    journal('a').append(event(1));
    const place = join(directory, 'journal', 'a');
    rmSync(join(place, '00000001.log'));
    // Reading it fails, as a sector that is gone does.
    mkdirSync(join(place, '00000001.log'));
    journal('b').append(event(2));
    journal('own').append(event(3));
    const report = await createShipper({ directory, store, instanceId: 'own', observer: graveyard }).shipOnce();
    expect(report).toMatchObject({ status: 'caught-up', records: 2 });
    expect(report.unreadable).toEqual([expect.stringMatching(/journal.a: EISDIR/)]);
  });

  test('is told of also while there is nothing to ship', async () => {
    mkdirSync(join(directory, 'journal', 'a', '00000001.log'), { recursive: true });
    const old = Date.now() / 1000 - 60;
    for (const path of [join('a', '00000001.log'), 'a']) utimesSync(join(directory, 'journal', path), old, old);
    const stop = new AbortController();
    const told: string[] = [];
    await createShipper({ directory, store, instanceId: 'own' }).run(stop.signal, ({ unreadable }) => {
      told.push(...unreadable);
      stop.abort();
    });
    expect(told).toEqual([expect.stringMatching(/EISDIR/)]);
  });

  test('is no reason to say that all is stored, where it is the whole directory', async () => {
    const nowhere = join(directory, 'loop');
    mkdirSync(nowhere);
    symlinkSync(join(nowhere, 'journal'), join(nowhere, 'journal'));
    expect(await createShipper({ directory: nowhere, store }).shipOnce()).toMatchObject({
      status: 'unavailable',
      code: 'ELOOP',
    });
  });
});

describe('a database in the place of the one that was shipped to', () => {
  const empty = async (use: (other: ReturnType<typeof createPostgresStore>) => Promise<void>) => {
    const url = await createDatabase();
    const other = createPostgresStore({ connectionString: url });
    try {
      await use(other);
    } finally {
      await other.close();
      await dropDatabase(url);
    }
  };
  const stored = (other: ReturnType<typeof createPostgresStore>) =>
    other.query('select count(*) as n, count(distinct seq) as distinct from audit_log');

  test('is refused by the process that was at work, in words, and takes nothing', async () => {
    const written = journal('a');
    written.append(event(1));
    await createShipper({ directory, store, instanceId: 'a' }).shipOnce();
    written.append(event(2));
    await empty(async (other) => {
      const report = await createShipper({ directory, store: other, instanceId: 'a' }).shipOnce();
      expect(report).toMatchObject({ status: 'unavailable', code: 'DATABASE_REPLACED', records: 0 });
      expect(report.message).toContain('is in another database');
      expect(await stored(other)).toEqual([{ n: 0, distinct: 0 }]);
    });
    expect(await createShipper({ directory, store, instanceId: 'a' }).shipOnce()).toMatchObject({ records: 1 });
    expect(await count()).toEqual({ n: 2, distinct: 2 });
  });

  test('is refused for what a dead process left, and takes what belongs to nobody yet', async () => {
    journal('left').append(event(1));
    await createShipper({ directory, store }).shipOnce();
    journal('own').append(event(2));
    await empty(async (other) => {
      const shipper = createShipper({ directory, store: other, instanceId: 'own', observer: graveyard });
      const report = await shipper.shipOnce();
      expect(report).toMatchObject({ status: 'caught-up', records: 1 });
      expect(report.unreadable).toEqual([expect.stringContaining('journal of left')]);
    });
  });

  test('is taken when someone says so, and by the process at work from then on', async () => {
    const written = journal('a');
    written.append(event(1));
    await createShipper({ directory, store, instanceId: 'a' }).shipOnce();
    await empty(async (other) => {
      await createShipper({ directory, store: other, acceptsReplacement: true }).shipOnce();
      written.append(event(2));
      expect(await createShipper({ directory, store: other, instanceId: 'a' }).shipOnce()).toMatchObject({
        records: 1,
      });
      expect(await stored(other)).toEqual([{ n: 2, distinct: 2 }]);
    });
  });

  /** Two records are shipped, of which the second is not stored in the end, as in a standby that was behind when it took over. */
  const shipAndFallBack = async (shipper: Shipper) => {
    const written = journal('a');
    written.append(event(1));
    await shipper.shipOnce();
    const [lagging] = await store.query<{ end_offset: number }>('select end_offset from shipments');
    written.append(event(2));
    await shipper.shipOnce();
    await store.database.transaction((connection) =>
      connection.query(
        `with gone as (delete from spanledger.audit_log where seq = 2)
        update spanledger.shipments set end_offset = $1, records = 1`,
        [lagging?.end_offset],
      ),
    );
    expect(await count()).toEqual({ n: 1, distinct: 1 });
    return written;
  };

  test('is gone on with where it knows an earlier state, as a standby does that lags', async () => {
    const shipper = createShipper({ directory, store, instanceId: 'a' });
    const written = await shipAndFallBack(shipper);
    written.append(event(3));
    expect(await shipper.shipOnce()).toMatchObject({ status: 'caught-up' });
    expect(await count()).toEqual({ n: 3, distinct: 3 });
  });

  test('is asked behind a fault what it knows, also of journals that have not grown', async () => {
    const off = switchable({ status: 'unavailable', code: '57P01', message: 'terminating connection' });
    off.isOff = false;
    const shipper = createShipper({ directory, store: off });
    await shipAndFallBack(shipper);
    journal('b').append(event(3));
    off.isOff = true;
    expect(await shipper.shipOnce()).toMatchObject({ status: 'unavailable' });
    off.isOff = false;
    expect(await shipper.shipOnce()).toMatchObject({ status: 'caught-up', records: 2 });
    expect(await count()).toEqual({ n: 3, distinct: 3 });
  });

  test('is asked now and then what it knows, also where nobody has seen a fault', async () => {
    let now = noon;
    const clock = { now: () => now, sleep: async () => undefined };
    const shipper = createShipper({ directory, store, instanceId: 'a', clock });
    await shipAndFallBack(shipper);
    expect(await shipper.shipOnce()).toMatchObject({ status: 'caught-up', records: 0 });
    now += 10_000_000;
    await shipper.shipOnce();
    expect(await shipper.shipOnce()).toMatchObject({ status: 'caught-up', records: 1 });
    expect(await count()).toEqual({ n: 2, distinct: 2 });
  });

  test('is asked what it knows before anything is removed here', async () => {
    const observer = createObserver();
    let isDead = false;
    const startTicks = (pid: number) => (isDead ? undefined : observer.startTicks(pid));
    const shipper = createShipper({ directory, store, observer: { ...observer, startTicks } });
    (await shipAndFallBack(shipper)).close();
    isDead = true;
    expect(await shipper.shipOnce()).toMatchObject({ status: 'caught-up', records: 1, removedSegments: 1 });
    expect(await count()).toEqual({ n: 2, distinct: 2 });
  });
});
