import { diag } from '@opentelemetry/api';

/**
 * Options of our threads. By default a `Worker` connects its streams to `process.stdout` and `process.stderr`, and so makes both: from then on pipes
 * and sockets refuse what does not fit (`EAGAIN`) instead of waiting for their reader, and a host that writes by `fs.writeSync(1)` or hands them to a
 * child process loses what it wrote. Our threads write nothing there; what they have to say is said by diagnostics.
 */
export const ownOutput = { stdout: true, stderr: true } as const;

/** Called in such a thread: warnings of Node.js and of drivers are told as diagnostics, unless the host wants none. */
export function tellWarnings(): void {
  // The listener of Node.js itself is missing under --no-warnings.
  if (process.listenerCount('warning') === 0) return;
  process.on('warning', ({ name, message }) => diag.warn(`${name}: ${message}`));
}
