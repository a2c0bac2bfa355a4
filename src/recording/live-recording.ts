/** Counts the live processors of this process: while there is one, every event is recorded when it happens. */
const key = Symbol.for('spanledger.live-recording.v1');
const slot = globalThis as { [key]?: number };

/** Says that events are recorded live from now on. */
export function beginLiveRecording(): void {
  slot[key] = (slot[key] ?? 0) + 1;
}

/** Takes one `beginLiveRecording` back. */
export function endLiveRecording(): void {
  slot[key] = Math.max(0, (slot[key] ?? 0) - 1);
}

/** Whether events are recorded when they happen. */
export function isRecordingLive(): boolean {
  return (slot[key] ?? 0) > 0;
}
