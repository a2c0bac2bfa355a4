import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LedgerRecord } from '../../src/projection/record.ts';

const newline = 10;
const checksumLength = 9;

/** The records of a spanledger directory that lie behind the offsets a database knows. Read without the code that is under test. */
export function* unshippedRecords(
  directory: string,
  offsets: ReadonlyMap<string, number>,
): Generator<LedgerRecord, void> {
  const journal = join(directory, 'journal');
  for (const instance of list(journal)) {
    for (const name of list(join(journal, instance)).filter((file) => file.endsWith('.log'))) {
      const bytes = readFileSync(join(journal, instance, name));
      yield* recordsFrom(bytes, offsets.get(`${instance} ${name.slice(0, -'.log'.length)}`) ?? 0);
    }
  }
}

/** The complete lines of a segment that begin at or behind an offset. The first line is the header; a torn end is no line. */
export function* recordsFrom(bytes: Buffer, offset: number): Generator<LedgerRecord, void> {
  let start = bytes.indexOf(newline) + 1;
  if (start === 0) return;
  for (let end = bytes.indexOf(newline, start); end !== -1; end = bytes.indexOf(newline, start)) {
    if (start >= offset) yield JSON.parse(bytes.toString('utf8', start + checksumLength, end)) as LedgerRecord;
    start = end + 1;
  }
}

function list(path: string): readonly string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}
