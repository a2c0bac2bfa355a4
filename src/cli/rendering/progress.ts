import type { Terminal } from '../terminal.ts';
import { byteSize } from './quantities.ts';

/** Shows how far bytes have got, where somebody watches. */
export interface Progress {
  show(bytes: number, totalBytes: number, records: number): void;
  stop(): void;
}

/** A progress bar on standard error of a terminal; nothing elsewhere. */
export async function createProgress(terminal: Terminal): Promise<Progress> {
  if (!terminal.interactive) return { show: () => undefined, stop: () => undefined };
  const { default: cliProgress } = await import('cli-progress');
  const bar = new cliProgress.SingleBar({
    format: 'shipping {bar} {percentage} % | {done} of {whole} | {records} records',
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
