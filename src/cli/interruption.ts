/** Ctrl+C and SIGTERM as an abort signal, for commands that ask for it; the others simply end, as any program does. */
export interface Interruption {
  signal(): AbortSignal;
  /** Gives the signals back to whoever handles them by default. */
  release(): void;
}

/** Nothing is caught before the signal is asked for; a second Ctrl+C ends the process at once. */
export function createInterruption(): Interruption {
  let controller: AbortController | undefined;
  const abort = () => controller?.abort();
  const release = () => {
    process.off('SIGINT', abort);
    process.off('SIGTERM', abort);
  };
  return {
    signal() {
      if (controller === undefined) {
        controller = new AbortController();
        process.once('SIGINT', abort);
        process.once('SIGTERM', abort);
      }
      return controller.signal;
    },
    release,
  };
}
