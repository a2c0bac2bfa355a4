/** The slice of `process.stdout` that is used. */
export interface OutputStream {
  readonly writableLength: number;
  readonly writable: boolean;
  write(text: string): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** Writes lines to where somebody may not be reading. */
export interface LineOutput {
  write(line: string): void;
  /** Lines that were not written because nobody takes them. */
  dropped(): number;
  close(): void;
}

/** What waits in memory for a reader that is slow. */
const mostWaitingBytes = 4 * 1024 * 1024;

/**
 * Standard output, without waiting for it: a pipe that is full keeps so many bytes waiting, and what comes on top is dropped and counted.
 * When there is room again a line says how many were. A reader that has gone away is no error of the program.
 */
export function createStandardOutput(stream: OutputStream): LineOutput {
  let dropped = 0;
  let untold = 0;
  let isClosed = false;
  let isHeard = false;
  const drop = () => {
    dropped += 1;
    untold += 1;
  };
  return {
    write(line) {
      if (!isHeard) {
        isHeard = true;
        stream.on('error', () => {
          isClosed = true;
        });
      }
      if (isClosed || !stream.writable || stream.writableLength + line.length > mostWaitingBytes) {
        drop();
        return;
      }
      if (untold > 0) {
        stream.write(droppedLine(untold));
        untold = 0;
      }
      stream.write(line);
    },
    dropped: () => dropped,
    close() {},
  };
}

function droppedLine(count: number): string {
  const message = `${count} lines were dropped: nobody read standard output.`;
  const record = { timestamp: new Date().toISOString(), level: 'WARNING', logger: 'spanledger', message };
  return `${JSON.stringify({ ...record, extra: { dropped: count } })}\n`;
}
