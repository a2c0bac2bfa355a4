import { stat } from 'node:fs/promises';
import { readDeadLetters } from '../../journal/dead-letters.ts';
import { type JournalInfo, listJournals } from '../../journal/journal-listing.ts';
import { readSegment } from '../../journal/segment-reader.ts';
import { byteSize } from '../rendering/quantities.ts';
import { finding, type Observation, well } from './observation.ts';

/** The directory, the journals in it, what of them cannot be read, what was dropped, and the dead letters. */
export async function examineJournals(directory: string): Promise<readonly Observation[]> {
  const info = await stat(directory).catch(() => undefined);
  if (info === undefined) return [well('directory', `${directory} is not there: nothing has been recorded yet`)];
  const journals = await listJournals(directory);
  return [
    examineMode(directory, info.mode),
    describeJournals(journals),
    ...(await findUnreadable(journals)),
    ...journals.flatMap(findDrops),
    await examineDeadLetters(directory),
  ];
}

const othersMode = 0o077;

function examineMode(directory: string, mode: number): Observation {
  if (process.platform === 'win32' || (mode & othersMode) === 0) return well('directory', directory);
  const message = `${directory} can be entered by other users (mode ${(mode & 0o777).toString(8)})`;
  return finding('directory', message, `Run chmod 700 ${directory}; journals hold paths and messages.`);
}

function describeJournals(journals: readonly JournalInfo[]): Observation {
  const alive = journals.filter(({ isAlive }) => isAlive).length;
  const bytes = journals.reduce((sum, journal) => sum + journal.bytes, 0);
  return well('journals', `${journals.length}, ${alive} of a living process, ${byteSize(bytes)}`);
}

/** A segment that cannot be read at its beginning cannot be read at all; damage within is skipped by the shipper and kept. */
async function findUnreadable(journals: readonly JournalInfo[]): Promise<readonly Observation[]> {
  const found: Observation[] = [];
  for (const { path, isClosed } of journals.flatMap(({ segments }) => segments)) {
    const reading = await readSegment(path, { maxBytes: 1, isClosed });
    if (reading.status === 'newer') found.push(finding('journals', reading.error.message, reading.error.action));
    if (reading.status === 'unreadable' && isClosed && reading.bytes > 0) {
      const action = 'Keep a copy if the records matter, then remove the file; its beginning is lost.';
      found.push(finding('journals', `${path} cannot be read`, action));
    }
  }
  return found;
}

/** Processes tell in their heartbeats what they had to drop, by class and reason. */
function findDrops({ instanceId, heartbeat }: JournalInfo): readonly Observation[] {
  const dropped = heartbeat?.figures?.dropped;
  if (typeof dropped !== 'object' || dropped === null) return [];
  const losses = Object.entries(dropped).flatMap(([kind, reasons]) =>
    Object.entries(reasons as Readonly<Record<string, unknown>>).flatMap(([reason, count]) =>
      typeof count === 'number' && count > 0 ? [`${count} ${kind} records (${reason})`] : [],
    ),
  );
  if (losses.length === 0) return [];
  const action =
    'Free disk space or raise SPANLEDGER_JOURNAL_MAX_BYTES, and see that the database takes what is shipped.';
  return [finding('drops', `${instanceId} dropped ${losses.join(', ')}`, action)];
}

async function examineDeadLetters(directory: string): Promise<Observation> {
  const letters = await readDeadLetters(directory);
  const [last] = letters.toReversed();
  if (last === undefined) return well('dead letters', 'none');
  const codes = [...new Set(letters.map(({ code }) => code))].join(', ');
  const message = `${letters.length} records were refused (${codes}); the last one: ${last.reason}`;
  return finding('dead letters', message, 'Repair the cause, then run `spanledger ship --dead-letters`.');
}
