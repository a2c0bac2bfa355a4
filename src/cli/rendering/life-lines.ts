import { clockText, type ProcessLife } from '../../domain/chronology.ts';
import { visible } from '../visible.ts';
import { isoTime } from './quantities.ts';

/** The lives of processes in lines: start, last record, end, and the elapsed time between them; its cycles and pauses. */
export function lifeLines(lives: readonly ProcessLife[]): readonly string[] {
  return lives.flatMap((life) => {
    const end = life.endedAt === undefined ? 'lives' : `ended ${time(life.endedAt)}`;
    const silence = `silent for ${clockText(life.silence)} ${life.endedAt === undefined ? 'until now' : 'before its end'}`;
    return [
      visible(
        `process ${life.process || '?'}: started ${time(life.startedAt)}, last record ${time(life.lastRecordAt)}, ${end}`,
      ),
      `  ${clockText(life.life)} in all, ${silence}, never silent for longer than ${clockText(life.longestSilence)}`,
      ...life.cycles.slice(-mostCycles).map(({ cycle, beganAt, duration, pauseBefore }) => {
        const took = duration === undefined ? 'no end recorded' : `took ${clockText(duration)}`;
        const pause = pauseBefore === undefined ? '' : `, ${clockText(pauseBefore)} after the end of the one before`;
        return visible(`  ${cycle}: began ${time(beganAt)}${pause}, ${took}`);
      }),
    ];
  });
}

const mostCycles = 20;

function time(millis: number): string {
  return isoTime(new Date(millis));
}
