/**
 * Word that the process was told to stop, for waits that end early then. Whoever handles the signals of the process passes it on;
 * where nobody does, the signals are listened to while somebody waits, and only if the host listens as well: a listener of ours
 * alone would keep the process from ending.
 */
interface StopNotice {
  readonly listeners: Set<() => void>;
  /** Somebody passes the word on. */
  isPassedOn: boolean;
  isGiven: boolean;
}

const key = Symbol.for('spanledger.stop-notice.v1');
const slot = globalThis as { [key]?: StopNotice };
const signals = ['SIGTERM', 'SIGINT'] as const;

function notice(): StopNotice {
  slot[key] ??= { listeners: new Set(), isPassedOn: false, isGiven: false };
  return slot[key];
}

/** Says that `giveStopNotice` will be called when the process is told to stop. */
export function passStopNoticeOn(): void {
  notice().isPassedOn = true;
}

/** Whether it will be. */
export function isStopNoticePassedOn(): boolean {
  return notice().isPassedOn;
}

/** The process was told to stop: whoever waits hears it now. */
export function giveStopNotice(): void {
  notice().isGiven = true;
  for (const listener of [...notice().listeners]) listener();
}

/** Whether the process was told to stop. */
export function isStopNoticeGiven(): boolean {
  return notice().isGiven;
}

/** Calls `listener` when the process is told to stop, until the returned function is called. */
export function onStopNotice(listener: () => void): () => void {
  const { listeners, isPassedOn } = notice();
  listeners.add(listener);
  if (!isPassedOn && listeners.size === 1) listenBesideHost();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) for (const signal of signals) process.removeListener(signal, giveStopNotice);
  };
}

function listenBesideHost(): void {
  for (const signal of signals) if (process.listenerCount(signal) > 0) process.on(signal, giveStopNotice);
}
