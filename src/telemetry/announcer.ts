import { type Attributes, diag, type SpanContext } from '@opentelemetry/api';
import type { Sanitizer } from '../storable/sanitizer.ts';

/**
 * One event of one unit, announced the moment it happens. Span events reach a span processor only when the span has
 * ended; this port is how a recorder sees them live. `attributes` are exactly those of the span event and of the log event.
 */
export interface AnnouncedEvent {
  readonly name: string;
  /** Microseconds since the Unix epoch. */
  readonly at: number;
  readonly attributes: Attributes;
  /** Ids of the unit; the trace id is valid even where no SDK is registered. */
  readonly spanContext: SpanContext;
  /** Identity attributes of the unit, the same as on its span. */
  readonly unitAttributes: Attributes;
  /** The sanitizer that made message, reason and details storable, so that it need not read them again. */
  readonly storedBy?: Sanitizer;
}

/** Receives announcements. Must not throw; must return fast. */
export interface AnnouncementListener {
  onEvent(announced: AnnouncedEvent): void;
  /**
   * What comes until `release` belongs together, such as the claim of an item, its first move and the start of its span:
   * a listener may write it in one go, at the latest in `release`. All of it happens in one synchronous call. Pairs nest.
   */
  hold?(): void;
  release?(): void;
}

const key = Symbol.for('spanledger.announcement-listener.v1');
const slot = globalThis as { [key]?: AnnouncementListener | undefined };

/** Registers the listener of this process; `undefined` removes it. Shared by all copies of the package in the process. */
export function setAnnouncementListener(listener: AnnouncementListener | undefined): void {
  slot[key] = listener;
}

/** Whether anybody listens, so that nothing is prepared for nobody. */
export function isAnnouncementHeard(): boolean {
  return slot[key] !== undefined;
}

/** Hands an event to the registered listener. Never throws. */
export function announce(announced: AnnouncedEvent): void {
  try {
    slot[key]?.onEvent(announced);
  } catch (error) {
    reportThrow(error);
  }
}

/** Runs `work`, whose announcements belong together. What `work` throws is thrown on. */
export function announceTogether(work: () => void): void {
  const listener = slot[key];
  if (listener?.hold === undefined || listener.release === undefined) {
    work();
    return;
  }
  tell(listener, 'hold');
  try {
    work();
  } finally {
    tell(listener, 'release');
  }
}

/** Runs `work` and takes its announcements, which the registered listener then does not hear. */
export function captureAnnouncements(work: () => void): readonly AnnouncedEvent[] {
  const listener = slot[key];
  const captured: AnnouncedEvent[] = [];
  slot[key] = { onEvent: (announced) => void captured.push(announced) };
  try {
    work();
  } finally {
    slot[key] = listener;
  }
  return captured;
}

function tell(listener: AnnouncementListener, what: 'hold' | 'release'): void {
  try {
    listener[what]?.();
  } catch (error) {
    reportThrow(error);
  }
}

function reportThrow(error: unknown): void {
  diag.error('spanledger: an announcement listener threw', error);
}
