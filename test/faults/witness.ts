import { linkSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LedgerRecord } from '../../src/projection/record.ts';
import { recordsFrom } from './unshipped-records.ts';

/** Keeps what was written to a journal, also when it has been shipped and removed. */
export interface Witness {
  /** Every record of every segment, in the order of files. Read without the code that is under test. */
  records(): Generator<LedgerRecord, void>;
  /** Those of one process, its watchdog included. */
  recordsOf(instanceId: string): Generator<LedgerRecord, void>;
  close(): void;
}

/** A segment is linked long before it can be shipped to its end: it grows to 8 MiB first, or its writer dies. */
const lookMillis = 20;

/** Gives each segment a second name in `into`; the bytes stay the same ones. */
export function createWitness(ledger: string, into: string): Witness {
  mkdirSync(into, { recursive: true });
  const known = new Set<string>();
  const look = (): void => {
    for (const path of segments(join(ledger, 'journal'))) {
      if (known.has(path)) continue;
      known.add(path);
      link(path, join(into, path.replaceAll('/', '_')));
    }
  };
  const timer = setInterval(look, lookMillis);
  return {
    *records() {
      look();
      for (const name of readdirSync(into).sort()) yield* recordsFrom(readFileSync(join(into, name)), 0);
    },
    *recordsOf(instanceId) {
      look();
      const own = readdirSync(into).filter((name) => name.includes(`_${instanceId}_`));
      for (const name of own.sort()) yield* recordsFrom(readFileSync(join(into, name)), 0);
    },
    close: () => clearInterval(timer),
  };
}

function segments(journal: string): readonly string[] {
  return list(journal).flatMap((instance) =>
    list(join(journal, instance))
      .filter((name) => name.endsWith('.log'))
      .map((name) => join(journal, instance, name)),
  );
}

function list(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function link(path: string, to: string): void {
  try {
    linkSync(path, to);
  } catch (error) {
    // What was removed between two looks had been shipped; a fault that counts on it sees the difference in its sums.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
