import type { Terminal } from '../terminal.ts';
import { byteSize } from './quantities.ts';

/** Shows how far bytes have got. */
export interface Progress {
  show(bytes: number, totalBytes: number, records: number): void;
  stop(): void;
}

const barFormat = 'shipping {bar} {percentage} % | {done} of {whole} | {records} records';
/** Lines of a log: not so many that they bury it, and often enough to see that something moves. */
const firstLineMillis = 1_000;
const quietMillis = 10_000;
const lineShare = 0.1;

/** A progress bar on standard error of a terminal; elsewhere, as in a log, a line every tenth or every ten seconds, where it takes long. */
export async function createProgress(
  terminal: Terminal,
  now: () => number = performance.now.bind(performance),
): Promise<Progress> {
  if (!terminal.interactive) return createLines(terminal, now);
  const { default: cliProgress } = await import('cli-progress');
  const bar = new cliProgress.SingleBar({
    format: barFormat,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
  });
  let isStarted = false;
  return {
    show(bytes, totalBytes, records) {
      const payload = { done: byteSize(bytes), whole: byteSize(totalBytes), records };
      if (!isStarted) bar.start(totalBytes, bytes, payload);
      else bar.update(bytes, payload);
      isStarted = true;
    },
    stop() {
      if (isStarted) bar.stop();
    },
  };
}

function createLines(terminal: Terminal, now: () => number): Progress {
  const begin = now();
  let last = { at: begin, share: 0 };
  return {
    show(bytes, totalBytes, records) {
      const share = totalBytes > 0 ? bytes / totalBytes : 1;
      const at = now();
      const isDue = at - last.at >= quietMillis || (at - begin >= firstLineMillis && share - last.share >= lineShare);
      if (!isDue || share >= 1) return;
      last = { at, share };
      const percentage = Math.floor(share * 100);
      terminal.note(`shipping ${percentage} % | ${byteSize(bytes)} of ${byteSize(totalBytes)} | ${records} records`);
    },
    stop: () => undefined,
  };
}
