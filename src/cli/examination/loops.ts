import { type LoopFacts, overdueLoop } from '../../domain/health.ts';
import type { JournalInfo } from '../../journal/journal-listing.ts';
import { readLoops } from '../../journal/loop-note.ts';
import { duration, isoTime } from '../rendering/quantities.ts';
import { finding, type Observation, well } from './observation.ts';

/**
 * The loops of the processes that live: does each run, did its start fail, when did it last go well? What idles is told of here, and not to
 * be searched for in log lines.
 */
export function examineLoops(journals: readonly JournalInfo[], now = Date.now()): readonly Observation[] {
  return journals
    .filter(({ isAlive }) => isAlive)
    .flatMap(({ path, owner, instanceId }) =>
      readLoops(path).map((loop) => examineLoop(loop, `${owner?.service ?? instanceId} (${owner?.pid ?? '?'})`, now)),
    );
}

function examineLoop(loop: LoopFacts, process: string, now: number): Observation {
  const subject = `loop ${loop.name}`;
  const { lastRunAt, lastSuccessAt, lastError, since, runningSince } = loop;
  const told = `${process}: ${countText(loop)}, ${successText(loop, now)}`;
  if (lastRunAt === undefined) {
    const action =
      'The loop was made and never run: see that the code which starts it is reached, and what disables it.';
    return finding(subject, `${process}: never run since ${ago(since, now)}`, action);
  }
  if (lastError !== undefined && lastSuccessAt === undefined)
    return finding(subject, `${told}; it failed from the start on: ${lastError.message}`, repair);
  if (lastError !== undefined && lastError.at > (lastSuccessAt ?? 0))
    return finding(
      subject,
      `${told}; the last cycle failed at ${isoTime(new Date(lastError.at))}: ${lastError.message}`,
      repair,
    );
  const overdue = overdueLoop(loop, now);
  if (overdue !== undefined) {
    const open = runningSince === undefined ? 'no cycle runs' : `a cycle runs since ${ago(runningSince, now)}`;
    return finding(subject, `${told}; ${overdue}, and ${open}`, 'Run `spanledger stuck` and `spanledger running`.');
  }
  return well(subject, told);
}

const repair = 'Repair the cause; `spanledger logs --event worker.loop.failed` has the stack.';

function countText({ count, failures, counts = {} }: LoopFacts): string {
  const done = Object.entries(counts).map(([what, number]) => `, ${number} ${what}`);
  return `${count} cycles, ${failures} failed${done.join('')}`;
}

function successText({ lastSuccessAt }: LoopFacts, now: number): string {
  return lastSuccessAt === undefined
    ? 'none went well'
    : `the last one that went well ended ${ago(lastSuccessAt, now)} ago`;
}

function ago(at: number, now: number): string {
  return duration(Math.max(0, now - at));
}
