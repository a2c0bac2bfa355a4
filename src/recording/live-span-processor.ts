import { type Context, context, diag, SpanKind } from '@opentelemetry/api';
import { isTracingSuppressed, suppressTracing } from '@opentelemetry/core';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { AttributeResource } from '../projection/readable-span.ts';
import { isLedgerEvent } from '../projection/unit-projection.ts';
import { type AnnouncedEvent, type AnnouncementListener, setAnnouncementListener } from '../telemetry/announcer.ts';
import { attribute } from '../telemetry/conventions.ts';
import { type LedgerExporterOptions, leaseRecorder, type RecorderLease } from './journal-source.ts';
import { beginLiveRecording, endLiveRecording } from './live-recording.ts';
import { isWithinRequest, markNested } from './nested-request.ts';
import { OpenRequests } from './open-requests.ts';
import { isRecorded, markRecorded } from './recorded-spans.ts';
import type { EventFilter, Recorder } from './recorder.ts';

/**
 * Makes the span processor that records units when they start, transitions when they happen, and everything else when a
 * span ends. It listens to the announcements of the process until it is shut down; a later one takes its place. It holds
 * no span but those of requests that are being served, never throws, and records nothing while tracing is suppressed.
 */
export function createLiveSpanProcessor(source: Recorder | LedgerExporterOptions): SpanProcessor {
  if ('recordEvent' in source) return new LiveSpanProcessor(() => ({ recorder: source, release: () => {} }), true);
  return new LiveSpanProcessor((resource) => leaseRecorder(source, resource), false);
}

/** A recorder once it is needed, when the resource of the service that owns its journal may be known. */
type Leaser = (resource: AttributeResource | undefined) => RecorderLease;

/** The processor that hears the announcements now. */
let listening: LiveSpanProcessor | undefined;

/** The service that live recording records as; `undefined` where there is none. */
export function recordingService(): string | undefined {
  return listening?.service;
}

class LiveSpanProcessor implements SpanProcessor, AnnouncementListener {
  readonly #leaser: Leaser;
  readonly #requests = new OpenRequests<ReadableSpan>({ longOpen: (span) => this.#longOpen(span) });
  #lease: RecorderLease | undefined;
  #stopped: Promise<void> | undefined;

  constructor(leaser: Leaser, isOpen: boolean) {
    this.#leaser = leaser;
    if (isOpen) this.#recorder();
    listening = this;
    setAnnouncementListener(this);
    beginLiveRecording();
  }

  get service(): string | undefined {
    return this.#lease?.recorder.journal.owner.service;
  }

  onEvent(announced: AnnouncedEvent): void {
    if (!isTracingSuppressed(context.active())) this.#recorder().recordEvent(announced);
  }

  hold(): void {
    this.#recorder().hold();
  }

  release(): void {
    this.#recorder().release();
  }

  onStart(span: Span, parentContext: Context): void {
    if (this.#stopped !== undefined || isTracingSuppressed(parentContext)) return;
    const readable = span as unknown as ReadableSpan;
    markRecorded(readable);
    if (readable.attributes[attribute.unit] !== undefined) this.#recorder(readable).recordStart(readable);
    else if (readable.kind === SpanKind.SERVER) this.#began(readable, parentContext);
  }

  #began(span: ReadableSpan, parentContext: Context): void {
    if (isWithinRequest(parentContext)) markNested(span);
    else this.#requests.opened(span);
  }

  onEnd(span: ReadableSpan): void {
    if (this.#stopped !== undefined) return;
    // Of a span that began before this processor, nobody heard the events.
    const isKnown = isRecorded(span);
    const filter = isKnown ? notAnnounced : undefined;
    if (!isKnown) markRecorded(span);
    if (span.kind === SpanKind.SERVER && this.#requests.closed(span)) this.#recorder(span).recordOpenRequestEnd(span);
    if (isWorthRecording(span)) this.#recorder(span).recordEnds([span], filter);
  }

  forceFlush(): Promise<void> {
    if (this.#lease === undefined) return Promise.resolve();
    this.#lease.recorder.settle();
    return this.#lease.recorder.journal.sync().catch((error: unknown) => {
      diag.error('spanledger: the journal could not be synced', error);
    });
  }

  /** Stops listening and syncs the journal. One that was handed in stays open: it belongs to whoever opened it. */
  shutdown(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  #stop(): Promise<void> {
    if (listening === this) {
      listening = undefined;
      setAnnouncementListener(undefined);
    }
    this.#requests.stop();
    endLiveRecording();
    return this.forceFlush().then(() => this.#lease?.release());
  }

  /** Called by a timer: nothing that it leads to is to be traced. */
  #longOpen(span: ReadableSpan): void {
    context.with(suppressTracing(context.active()), () => this.#recorder(span).recordOpenRequest(span));
  }

  #recorder(span?: ReadableSpan): Recorder {
    this.#lease ??= this.#leaser(span?.resource);
    return this.#lease.recorder;
  }
}

/** Events of spanledger were recorded when they were announced. */
const notAnnounced: EventFilter = (event) => !isLedgerEvent(event);

/** Most spans of instrumented libraries are neither units nor requests and have no events. */
function isWorthRecording(span: ReadableSpan): boolean {
  return span.kind !== 0 || span.events.length > 0 || span.attributes[attribute.unit] !== undefined;
}
