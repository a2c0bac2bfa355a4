import { diag } from '@opentelemetry/api';
import { accountOf } from '../journal/account.ts';
import { writeHeartbeat } from '../journal/heartbeat.ts';
import { instanceDirectory } from '../journal/layout.ts';
import { type FileJournal, openJournal } from '../journal/open-journal.ts';
import { Tally } from '../journal/tally.ts';
import type { StallNews } from './stall-facts.ts';
import type { StallLogs } from './stall-logs.ts';
import { toEventRecord } from './stall-records.ts';
import { readState } from './watch-memory.ts';
import type { WatchdogData } from './watchdog.ts';

/** Brings news to where they are read: to the journal at once, over OTLP as soon as it can be, and into the sign of life on the disk. */
export interface Teller {
  tell(news: StallNews): void;
  /** Where nobody else writes it while the main thread is blocked. */
  leaveHeartbeat(): void;
  /** Resolves when what was told over OTLP has arrived, or failed. */
  flush(): Promise<void>;
}

const heartbeatMillis = 5_000;

/** Journal and OTLP are opened with the first news: most programs never have any. */
export function createTeller(data: WatchdogData): Teller {
  let journal: FileJournal | undefined;
  let logs: Promise<StallLogs> | undefined;
  const teller: Teller = {
    tell(news) {
      journal ??= openWatchLane(data);
      journal.append(toEventRecord(news));
      void journal.sync();
      logs ??= openLogs(data);
      void logs?.then((opened) => opened.tell(news)).catch(ignore);
    },
    leaveHeartbeat() {
      if (data.heartbeats) leaveHeartbeat(data);
    },
    async flush() {
      await logs?.then((opened) => opened.flush()).catch(ignore);
    },
  };
  const whileBlocked = () => {
    if (readState(data.memory)?.blockedSince !== undefined) teller.leaveHeartbeat();
  };
  if (data.heartbeats) setInterval(whileBlocked, heartbeatMillis);
  return teller;
}

function openWatchLane({ directory, owner, tally, journalMaxBytes: maxBytes }: WatchdogData): FileJournal {
  return openJournal({ directory, owner, lane: 'watch', maxBytes, tallyMemory: tally });
}

function openLogs({ logs: target }: WatchdogData): Promise<StallLogs> | undefined {
  if (target === undefined) return undefined;
  const opened = import('./stall-logs.ts').then(({ createStallLogs }) => createStallLogs(target));
  opened.catch((error: unknown) => diag.warn('Stalls are not told over OTLP.', error));
  return opened;
}

function leaveHeartbeat({ directory, owner, memory, tally }: WatchdogData): void {
  const figures = {
    rssBytes: process.memoryUsage.rss(),
    ...accountOf(new Tally(tally).read()),
    state: readState(memory),
  };
  try {
    writeHeartbeat(instanceDirectory(directory, owner.instanceId), { at: Date.now() * 1000, figures });
  } catch {
    // The journal itself tells of a disk that refuses.
  }
}

function ignore(): void {}
