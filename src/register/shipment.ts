import { diag } from '@opentelemetry/api';
import { accountOf, missingOf } from '../journal/account.ts';
import { writeHeartbeat } from '../journal/heartbeat.ts';
import { instanceDirectory } from '../journal/layout.ts';
import { readOwnOomCounter } from '../journal/oom-counter.ts';
import { Tally, type TallyReading } from '../journal/tally.ts';
import { createSteadyTime } from '../shipping/clock.ts';
import { createPostgresStore } from '../shipping/postgres-store.ts';
import type { ShipReport } from '../shipping/ship-pass.ts';
import { createShipper } from '../shipping/shipper.ts';
import type { Heartbeat } from '../shipping/store.ts';
import { alarmsOf, readState, type WatchMemory } from '../watchdog/watch-memory.ts';
import { createChores } from './chores.ts';
import type { ProcessEnd, ShippingLoad } from './courier.ts';
import { latenessMillis } from './journal-keeping.ts';
import { noteEmpty, noteShipped, refusedRecords, shippedRecords, unshippedBytes } from './shipping-memory.ts';

/** Shipping under way. */
export interface Shipment {
  /**
   * Ships what this process has recorded by now and tells how it ends; then, for a moment, what dead ones have left. Returns at once
   * where the database cannot be reached.
   */
  finish(end: ProcessEnd): Promise<void>;
}

const heartbeatMillis = 5000;
const tickMillis = 1000;
const alarmMillis = 100;
const lastAdoptionMillis = 500;

/** Begins to ship the journal of this process, and those of processes that died, until `finish`. */
export function startShipment(load: ShippingLoad): Shipment {
  const { directory, owner, databaseUrl, schema } = load;
  const store = createPostgresStore({ connectionString: databaseUrl, schema });
  const now = createSteadyTime();
  const vitals = createVitals(load, now);
  const shipper = createShipper({ directory, store, instanceId: owner.instanceId, vitals });
  const stop = new AbortController();
  const chores = createChores(load, store);
  const trouble: Trouble = {};
  let last: ShipReport | undefined;
  const hear = (report: ShipReport) => {
    noteShipped(load.memory, report);
    noteTrouble(trouble, report);
    for (const message of [...complaints(report), ...report.unreadable]) diag.warn(message);
  };
  const running = shipper.run(stop.signal, (report) => {
    last = report;
    if (report.status === 'caught-up') chores.begin();
    hear(report);
  });
  const leaveHeartbeat = createHeartbeat(load, vitals, trouble);
  leaveHeartbeat();
  setInterval(leaveHeartbeat, heartbeatMillis);
  setInterval(() => noteEmpty(load.memory), tickMillis);
  onAlarm(load.memory.watch, () => {
    leaveHeartbeat();
    void store.heartbeat(vitals());
  });
  return {
    async finish(end) {
      stop.abort();
      await running;
      leaveHeartbeat();
      if (last?.status === 'unavailable') return;
      const report = await shipper.shipOnce({ adoptionMillis: 0 });
      // A program that is short has sent nothing before: it would never hear that nothing is stored.
      hear(report);
      leaveHeartbeat();
      if (report.status !== 'caught-up') return;
      await store.heartbeat({ ...vitals(), ...endOf(end, now()) });
      // Where all programs are short, nobody else would ever do it.
      if (report.hasMore) noteShipped(load.memory, await shipper.shipOnce({ adoptionMillis: lastAdoptionMillis }));
    },
  };
}

/** The main thread is blocked, somewhere else, or goes on: others are to know at once. */
function onAlarm(watch: WatchMemory, tell: () => void): void {
  let heard = alarmsOf(watch);
  setInterval(() => {
    const alarms = alarmsOf(watch);
    if (alarms === heard) return;
    heard = alarms;
    tell();
  }, alarmMillis);
}

function complaints({ status, code = '', message = '', action = usualAdvice }: ShipReport): readonly string[] {
  if (status !== 'unavailable') return [];
  return [`The ledger cannot be stored (${code}): ${message.replace(/[^.!?]$/, '$&.')} ${action}`];
}

const usualAdvice = 'Records stay in the journal until it can be reached.';

/** Reads the counters of the main thread in shared memory: it may be blocked. */
function createVitals({ owner, memory }: ShippingLoad, now: () => number): () => Heartbeat {
  let before = { cpu: process.cpuUsage(), at: performance.now() };
  return () => {
    const used = process.cpuUsage(before.cpu);
    const millis = performance.now() - before.at;
    before = { cpu: process.cpuUsage(), at: performance.now() };
    const state = readState(memory.watch);
    return {
      owner,
      seenAt: now(),
      eventLoopLagMillis: latenessMillis(memory.pulse),
      rssBytes: process.memoryUsage.rss(),
      cpuRatio: millis > 0 ? (used.user + used.system) / 1000 / millis : 0,
      journalBytes: unshippedBytes(memory),
      ...(state !== undefined && { state }),
    };
  };
}

/** What last kept records from being stored, for processes that do not see our standard error. */
interface Trouble {
  last?: ShipFailure;
}

interface ShipFailure extends Pick<ShipReport, 'action'> {
  readonly at: number;
  readonly code: string;
  readonly message: string;
  readonly recovered: boolean;
}

function noteTrouble(trouble: Trouble, { status, code = 'UNKNOWN', message = '', action }: ShipReport): void {
  const advice = action === undefined ? {} : { action };
  if (status === 'unavailable') trouble.last = { at: Date.now() * 1000, code, message, ...advice, recovered: false };
  else if (status === 'caught-up' && trouble.last !== undefined) trouble.last = { ...trouble.last, recovered: true };
}

/** Signs of life on the disk, with the account of the journal, for processes that see the directory and not this process. */
function createHeartbeat(load: ShippingLoad, vitals: () => Heartbeat, trouble: Trouble): () => void {
  const { directory, owner, memory } = load;
  const path = instanceDirectory(directory, owner.instanceId);
  const tally = new Tally(memory.tally);
  return () => {
    const { owner: _, seenAt: __, ...figures } = vitals();
    const account = {
      ...accountOf(readSettled(tally)),
      shipped: shippedRecords(memory),
      refused: refusedRecords(memory),
    };
    const oomCounter = readOwnOomCounter();
    const lastTrouble = trouble.last === undefined ? {} : { lastShipFailure: trouble.last };
    try {
      writeHeartbeat(path, { at: Date.now() * 1000, figures: { ...figures, ...account, ...lastTrouble, oomCounter } });
    } catch {
      // The journal itself tells of a disk that refuses; without a heartbeat the last write counts as the sign of life.
    }
  };
}

const maxReadings = 200;

/** The counters between two appends of the main thread: within one, records are counted that are not yet accounted for. */
function readSettled(tally: Tally): TallyReading {
  for (let reading = tally.read(), tries = 1; ; reading = tally.read(), tries += 1) {
    const isSettled = Object.values(missingOf(accountOf(reading))).every((count) => count === 0);
    if (isSettled || tries === maxReadings) return reading;
  }
}

function endOf({ code, signal }: ProcessEnd, endedAt: number): Pick<Heartbeat, 'endedAt' | 'exitCode' | 'exitSignal'> {
  return {
    endedAt,
    ...(code !== undefined && { exitCode: code }),
    ...(signal !== undefined && { exitSignal: signal }),
  };
}
