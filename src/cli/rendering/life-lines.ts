import { clockText, type ProcessLife } from '../../domain/chronology.ts';
import { visible } from '../visible.ts';
import { isoTime } from './quantities.ts';

/** The lives of processes in lines: start, last record, end, and the elapsed time between them; its cycles and pauses. */
export function lifeLines(lives: readonly ProcessLife[]): readonly string[] {
  return lives.flatMap((life) => {
    const { end, until } = endText(life);
    const silence = `silent for ${clockText(life.silence)} ${until}`;
    const atLeast = life.lastSeenAt === undefined ? '' : 'at least ';
    return [
      visible(
        `process ${life.process || '?'}: started ${time(life.startedAt)}, last record ${time(life.lastRecordAt)}, ${end}`,
      ),
      `  ${atLeast}${clockText(life.life)} in all, ${silence}, never silent for longer than ${clockText(life.longestSilence)}`,
      ...life.cycles.slice(-mostCycles).map(({ cycle, beganAt, duration, pauseBefore }) => {
        const took = duration === undefined ? 'no end recorded' : `took ${clockText(duration)}`;
        const pause = pauseBefore === undefined ? '' : `, ${clockText(pauseBefore)} after the end of the one before`;
        return visible(`  ${cycle}: began ${time(beganAt)}${pause}, ${took}`);
      }),
    ];
  });
}

function endText({ endedAt, lastSeenAt }: ProcessLife): { readonly end: string; readonly until: string } {
  if (endedAt !== undefined) return { end: `ended ${time(endedAt)}`, until: 'before its end' };
  if (lastSeenAt === undefined) return { end: 'lives', until: 'until now' };
  return { end: `last seen ${time(lastSeenAt)}, ended after that`, until: 'until it was last seen' };
}

const mostCycles = 20;

function time(millis: number): string {
  return isoTime(new Date(millis));
}
