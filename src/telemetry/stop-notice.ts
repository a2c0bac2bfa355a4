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

/**
 * The same where the host has listeners of its own, which the signal reaches first. One that looks whether it is the only one may raise the signal
 * again, several times where there are several such (`signal-exit` 3 beside 4), and that comes with the next turn of the event loop: a program that is
 * about to die of it does not go on with what was waiting.
 */
export function giveStopNoticeAfterHost(): void {
  setImmediate(() => setImmediate(giveStopNotice));
}

/** Calls `listener` when the process is told to stop, until the returned function is called. */
export function onStopNotice(listener: () => void): () => void {
  const { listeners, isPassedOn, isGiven } = notice();
  listeners.add(listener);
  if (!isPassedOn && !isGiven && listeners.size === 1) listenBesideHost();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) for (const signal of signals) process.removeListener(signal, ears[signal]);
  };
}

/** First of all, and gone before the host's listeners are called: some look whether they are the only ones (`signal-exit`). */
function listenBesideHost(): void {
  for (const signal of signals) if (process.listenerCount(signal) > 0) process.prependListener(signal, ears[signal]);
}

const ears = { SIGTERM: createEar('SIGTERM'), SIGINT: createEar('SIGINT') } as const;

function createEar(signal: (typeof signals)[number]): () => void {
  const onSignal = (_?: unknown, number?: number) => {
    process.removeListener(signal, onSignal);
    if (process.listenerCount(signal) > 0) giveStopNoticeAfterHost();
    // The host has taken its listeners away meanwhile, so the signal has its own effect. What a program emits itself has no number, and none.
    else if (number !== undefined) process.kill(process.pid, signal);
  };
  return onSignal;
}
