import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readDeadLetters } from '../../journal/dead-letters.ts';
import { type JournalInfo, listJournals } from '../../journal/journal-listing.ts';
import { foreignFiles } from '../../journal/ownership.ts';
import { readSegment } from '../../journal/segment-reader.ts';
import { byteSize, counted, isoTime } from '../rendering/quantities.ts';
import { shellWord } from '../shell-words.ts';
import { examineAccounts } from './accounts.ts';
import { examineLoops } from './loops.ts';
import { finding, type Observation, well } from './observation.ts';

/** The directory, the journals in it, what of them cannot be read, what was dropped, and the dead letters. */
export async function examineJournals(directory: string): Promise<readonly Observation[]> {
  const info = await stat(directory).catch(() => undefined);
  if (info === undefined) return [await examineAbsence(directory)];
  const examined = await examineDirectory(directory, info.mode);
  const isReadable = await access(directory, constants.R_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!isReadable) return [examined];
  const journals = await listJournals(directory);
  return [
    examined,
    ...findForeign(directory),
    describeJournals(journals),
    ...(await findUnreadable(journals)),
    ...examineAccounts(journals),
    ...examineLoops(journals),
    await examineDeadLetters(directory),
  ];
}

/** Nothing has been recorded, for want of a program, or because the directory cannot be made. */
async function examineAbsence(directory: string): Promise<Observation> {
  const parent = await nearestParent(directory);
  const refused = await access(parent, constants.W_OK | constants.X_OK).catch((error: Error) => error);
  if (!(refused instanceof Error)) return well('directory', `${directory} is not there: nothing has been recorded yet`);
  const action = `Let the user who runs the program write to ${parent}, or set SPANLEDGER_DIR; until then records are lost.`;
  return finding('directory', `${directory} is not there and cannot be made: ${refused.message}`, action);
}

async function nearestParent(path: string): Promise<string> {
  const parent = dirname(path);
  if (parent === path || (await stat(parent).catch(() => undefined)) !== undefined) return parent;
  return nearestParent(parent);
}

const othersMode = 0o077;

async function examineDirectory(directory: string, mode: number): Promise<Observation> {
  const refused = await access(directory, constants.R_OK | constants.W_OK | constants.X_OK).catch(
    (error: Error) => error,
  );
  if (refused instanceof Error) {
    const action = `Give ${directory} to the user who runs the program, or set SPANLEDGER_DIR; until then records wait in memory.`;
    return finding('directory', `${directory} cannot be written: ${refused.message}`, action);
  }
  if (process.platform === 'win32' || (mode & othersMode) === 0) return well('directory', directory);
  const message = `${directory} can be entered by other users (mode ${(mode & 0o777).toString(8)})`;
  return finding('directory', message, `Run \`chmod 700 ${shellWord(directory)}\`; journals hold paths and messages.`);
}

/** What an administrator's command or another user has left, and the service cannot write. */
function findForeign(directory: string): readonly Observation[] {
  const foreign = process.platform === 'win32' ? undefined : foreignFiles(directory);
  if (foreign === undefined) return [];
  const { count, example, uid, gid } = foreign;
  const message = `${counted(count, 'file')} in ${directory} do not belong to its owner (user ${uid}), such as ${example}`;
  const action = `Run \`chown -R ${uid}:${gid} ${shellWord(directory)}\` as root; until then whoever runs as that user cannot write them.`;
  return [finding('owner', message, action, { files: count, uid, gid })];
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
    const reading = await readSegment(path, { maxBytes: 1, isClosed }).catch((error: Error) => error);
    if (reading instanceof Error) {
      const action =
        'Look at the disk and at the rights to the file; the journals of other processes are shipped meanwhile.';
      found.push(finding('journals', `${path} cannot be read: ${reading.message}`, action));
    } else if (reading.status === 'newer') found.push(finding('journals', reading.error.message, reading.error.action));
    else if (reading.status === 'unreadable' && isClosed && reading.bytes > 0) {
      const action = 'Keep a copy if the records matter, then remove the file; its beginning is lost.';
      found.push(finding('journals', `${path} cannot be read`, action));
    }
  }
  return found;
}

async function examineDeadLetters(directory: string): Promise<Observation> {
  const letters = await readDeadLetters(directory);
  const [last] = letters.toReversed();
  if (last === undefined) return well('dead letters', 'none', { records: 0 });
  const codes = [...new Set(letters.map(({ code }) => code))].join(', ');
  const message = `${counted(letters.length, 'record')} refused (${codes}); the newest, at ${isoTime(new Date(last.at / 1000))}: ${last.reason}`;
  const action = 'Repair the cause, then run `spanledger ship --dead-letters`.';
  return finding('dead letters', message, action, { records: letters.length });
}
