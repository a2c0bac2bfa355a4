import { detachedText } from '../storable/detached-text.ts';

/** Lines of one logger that were left out. */
export interface LeftOutLines {
  readonly logger: string;
  readonly count: number;
}

export interface LogRateOptions {
  /** Most lines of one logger in one second; 0: any number. */
  readonly perSecond: number;
  /** Milliseconds, of any origin. */
  readonly now: () => number;
  /** A line was left out. */
  readonly onLeftOut: () => void;
  /** A second in which lines were left out is over. */
  readonly onSecondOver: (lines: LeftOutLines) => void;
}

/** Lets so many lines of each logger through in a second, and counts the others. */
export interface LogRate {
  admits(logger: string): boolean;
  /** Tells of what was left out in seconds that are over; of all of it at the end. */
  tell(isEnd?: boolean): void;
}

interface Second {
  startsAt: number;
  admitted: number;
  leftOut: number;
}

const millisPerSecond = 1000;
/** Names of loggers can be made of request ids; those that come behind share one count. */
const mostLoggers = 1000;
const others = '(others)';

export function createLogRate({ perSecond, now, onLeftOut, onSecondOver }: LogRateOptions): LogRate {
  const seconds = new Map<string, Second>();
  const close = (logger: string, second: Second) => {
    const count = second.leftOut;
    second.leftOut = 0;
    if (count > 0) onSecondOver({ logger, count });
  };
  const secondOf = (logger: string): Second => {
    const known = seconds.get(logger);
    if (known !== undefined) return known;
    if (seconds.size >= mostLoggers && logger !== others) return secondOf(others);
    const second = { startsAt: now(), admitted: 0, leftOut: 0 };
    seconds.set(detachedText(logger), second);
    return second;
  };
  return {
    admits(logger) {
      if (perSecond === 0) return true;
      const second = secondOf(logger);
      if (now() - second.startsAt >= millisPerSecond) {
        close(logger, second);
        second.startsAt = now();
        second.admitted = 0;
      }
      if (second.admitted < perSecond) {
        second.admitted += 1;
        return true;
      }
      second.leftOut += 1;
      onLeftOut();
      return false;
    },
    tell(isEnd = false) {
      for (const [logger, second] of seconds) {
        if (isEnd || now() - second.startsAt >= millisPerSecond) close(logger, second);
      }
    },
  };
}
