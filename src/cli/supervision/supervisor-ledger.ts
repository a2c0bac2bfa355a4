import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { writeExitNote } from '../../journal/exit-note.ts';
import { instanceDirectory } from '../../journal/layout.ts';
import { openJournal } from '../../journal/open-journal.ts';
import type { JournalOwner } from '../../projection/record.ts';
import { closeLostWork } from '../../shipping/lost-work.ts';
import { createPostgresStore } from '../../shipping/postgres-store.ts';
import { createShipper } from '../../shipping/shipper.ts';
import { event } from '../../telemetry/conventions.ts';
import { packageVersion } from '../package-version.ts';
import type { Workplace } from '../workplace.ts';
import type { ProgramEnd } from './supervised-program.ts';

/** Events that a supervisor records. */
export type ProcessEvent = 'processStart' | 'processExit' | 'processStuck' | 'processRestart' | 'processGivenUp';

export interface ProcessRecord {
  readonly event: ProcessEvent;
  readonly level: string;
  readonly message: string;
  readonly reason?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A program that has said who it is. */
export interface KnownProgram {
  readonly owner: JournalOwner;
  readonly directory: string;
}

/** What a supervisor keeps: its own audit rows, the ends that it has seen, and the records that dead programs have left. */
export interface SupervisorLedger {
  record(record: ProcessRecord, program?: KnownProgram): void;
  /** Leaves on record how a program ended, ships what it has left, and closes its open work. Never throws. */
  ended(program: KnownProgram, end: ProgramEnd): Promise<void>;
  /** What of a program's work does not advance, in the words of the ledger; nothing where no database tells. Never throws. */
  stuckWork(program: KnownProgram): Promise<string | undefined>;
  /** Ships what is left, within a bound. */
  close(): Promise<void>;
}

/** A supervisor waits this long at its end, and longer where the settings say so. */
const leastCloseMillis = 3_000;

/** The ledger of one supervisor: a journal of its own beside those of its programs, shipped where they ship. */
export function openSupervisorLedger({ configuration, directory }: Workplace): SupervisorLedger {
  const owner: JournalOwner = {
    instanceId: randomUUID(),
    service: 'spanledger-run',
    host: hostname(),
    pid: process.pid,
    startedAt: Math.round(performance.timeOrigin * 1000),
    version: packageVersion(),
  };
  const journal = openJournal({ directory, owner, maxBytes: configuration.settings.journalMaxBytes });
  const { databaseUrl, schema, ship, exitTimeoutMillis } = configuration.settings;
  const store =
    ship && databaseUrl !== undefined ? createPostgresStore({ connectionString: databaseUrl, schema }) : undefined;
  const shipper = store && createShipper({ directory, store, instanceId: owner.instanceId });
  const stop = new AbortController();
  const vitals = () => ({ owner, seenAt: Date.now() * 1000, rssBytes: process.memoryUsage.rss() });
  const running = shipper?.run(stop.signal);
  const beat = setInterval(() => void store?.heartbeat(vitals()), heartbeatMillis);
  const traceId = randomBytes(16).toString('hex');
  return {
    record({ event: key, level, message, reason, details }, program) {
      journal.append({
        type: 'event',
        at: Date.now() * 1000,
        traceId,
        level,
        category: level === 'info' || level === 'warning' ? 'state_transition' : 'error',
        event: event[key],
        message,
        ...(program !== undefined && { service: program.owner.service }),
        ...(reason !== undefined && { reason }),
        details: JSON.stringify({
          ...details,
          ...(program !== undefined && { instance_id: program.owner.instanceId }),
        }),
      });
    },
    async ended(program, { code, signal }) {
      const at = Date.now() * 1000;
      const seenBy = { pid: owner.pid, instanceId: owner.instanceId };
      const exit = { at, ...(code !== undefined && { code }), ...(signal !== undefined && { signal }) };
      noteExit(program, { ...exit, seenBy });
      if (store === undefined || shipper === undefined) return;
      // What the program has recorded itself comes first.
      await shipper.shipOnce();
      const exitEvidence = JSON.stringify({ by: 'parent', found: 'its parent saw its end', parent: seenBy });
      const told = {
        ...(code !== undefined && { exitCode: code }),
        ...(signal !== undefined && { exitSignal: signal }),
      };
      await store.heartbeat({ owner: program.owner, seenAt: at, endedAt: at, ...told, exitEvidence });
      await closeLostWork(store, { closedBy: owner.instanceId }).catch(() => []);
    },
    async stuckWork({ owner: { instanceId } }) {
      const rows = await store?.query<StuckRow>(stuckSql, [instanceId]).catch(() => []);
      const [first] = rows ?? [];
      return first && `${first.unit} ${first.step_name} has made no progress for ${Math.round(first.silent_seconds)} s`;
    },
    async close() {
      stop.abort();
      clearInterval(beat);
      await within(Math.max(leastCloseMillis, exitTimeoutMillis), async () => {
        await running;
        await shipper?.shipOnce();
        await store?.heartbeat({ ...vitals(), endedAt: Date.now() * 1000 });
        await store?.close();
      });
      journal.close();
    },
  };
}

const heartbeatMillis = 5_000;

interface StuckRow extends Record<string, unknown> {
  readonly unit: string;
  readonly step_name: string;
  readonly silent_seconds: number;
}

const stuckSql = `select unit, step_name, silent_seconds from v_running where instance_id = $1 and verdict = 'stuck'
  order by silent_seconds desc limit 1`;

/** A disk that refuses has its own alarm; the database is told all the same. */
function noteExit({ directory, owner }: KnownProgram, note: Parameters<typeof writeExitNote>[1]): void {
  try {
    writeExitNote(instanceDirectory(directory, owner.instanceId), note);
  } catch {
    // Told by the journal of the next run.
  }
}

async function within(millis: number, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, millis);
  });
  await Promise.race([work().catch(() => undefined), late]);
  clearTimeout(timer);
}
