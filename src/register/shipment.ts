import { diag } from '@opentelemetry/api';
import { errorCatalogue } from '../domain/errors.ts';
import { writeHeartbeat } from '../journal/heartbeat.ts';
import { instanceDirectory } from '../journal/layout.ts';
import { Tally } from '../journal/tally.ts';
import { createPostgresStore } from '../shipping/postgres-store.ts';
import { createShipper, type ShipReport } from '../shipping/shipper.ts';
import type { Heartbeat } from '../shipping/store.ts';
import type { ProcessEnd, ShippingLoad } from './courier.ts';
import { latenessMillis } from './journal-keeping.ts';
import { noteShipped, unshippedBytes } from './shipping-memory.ts';

/** Shipping under way. */
export interface Shipment {
  /** Ships what is there by now and tells how the process ends. Returns at once where the database cannot be reached. */
  finish(end: ProcessEnd): Promise<void>;
}

const heartbeatMillis = 5000;

/** Begins to ship the journal of this process, and those of processes that died, until `finish`. */
export function startShipment(load: ShippingLoad): Shipment {
  const { directory, owner, databaseUrl, schema } = load;
  const store = createPostgresStore({ connectionString: databaseUrl, schema });
  const vitals = createVitals(load);
  const shipper = createShipper({ directory, store, instanceId: owner.instanceId, vitals });
  const stop = new AbortController();
  let last: ShipReport | undefined;
  const running = shipper.run(stop.signal, (report) => {
    last = report;
    noteShipped(load.memory, report.records, report.status === 'caught-up');
    for (const message of [...complaints(report), ...report.unreadable]) diag.warn(message);
  });
  leaveHeartbeats(load, vitals);
  return {
    async finish(end) {
      stop.abort();
      await running;
      if (last?.status === 'unavailable') return;
      const report = await shipper.shipOnce();
      if (report.status === 'caught-up') await store.heartbeat({ ...vitals(), ...endOf(end) });
    },
  };
}

function complaints({ status, code = '', message }: ShipReport): readonly string[] {
  if (status !== 'unavailable') return [];
  const entry = code in errorCatalogue ? errorCatalogue[code as keyof typeof errorCatalogue] : undefined;
  const advice = entry?.action ?? 'Records stay in the journal until it can be reached.';
  return [`The ledger cannot be stored (${code}): ${message} ${advice}`];
}

/** Reads the counters of the main thread in shared memory: it may be blocked. */
function createVitals({ owner, memory }: ShippingLoad): () => Heartbeat {
  let before = { cpu: process.cpuUsage(), at: performance.now() };
  return () => {
    const used = process.cpuUsage(before.cpu);
    const millis = performance.now() - before.at;
    before = { cpu: process.cpuUsage(), at: performance.now() };
    return {
      owner,
      seenAt: Date.now() * 1000,
      eventLoopLagMillis: latenessMillis(memory.pulse),
      rssBytes: process.memoryUsage.rss(),
      cpuRatio: millis > 0 ? (used.user + used.system) / 1000 / millis : 0,
      journalBytes: unshippedBytes(memory),
    };
  };
}

/** Signs of life on the disk, for processes that see the directory and not this process. */
function leaveHeartbeats({ directory, owner, memory }: ShippingLoad, vitals: () => Heartbeat): void {
  const path = instanceDirectory(directory, owner.instanceId);
  const tally = new Tally(memory.tally);
  const leave = () => {
    const { owner: _, seenAt, ...figures } = vitals();
    try {
      writeHeartbeat(path, { at: seenAt, figures: { ...figures, dropped: tally.read().dropped } });
    } catch {
      // The journal itself tells of a disk that refuses; without a heartbeat the last write counts as the sign of life.
    }
  };
  leave();
  setInterval(leave, heartbeatMillis);
}

function endOf({ code, signal }: ProcessEnd): Pick<Heartbeat, 'endedAt' | 'exitCode' | 'exitSignal'> {
  return {
    endedAt: Date.now() * 1000,
    ...(code !== undefined && { exitCode: code }),
    ...(signal !== undefined && { exitSignal: signal }),
  };
}
