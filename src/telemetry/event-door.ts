import { type Attributes, type Context, diag, INVALID_SPANID, type Span, type SpanContext } from '@opentelemetry/api';
import { severityNumberOf } from '../domain/audit.ts';
import { sanitizer } from '../storable/sanitizer.ts';
import { announce, isAnnouncementHeard } from './announcer.ts';
import { type Clock, toHrTime } from './clock.ts';
import { attribute } from './conventions.ts';
import { inventSpanContext } from './identity.ts';
import { type EventLogger, eventLogger } from './log-bridge.ts';
import type { EventTransport } from './session-options.ts';
import { recurringText, storedText } from './stored-text.ts';
import type { UnitEvent } from './unit-event.ts';

/** OpenTelemetry keeps 128 events on a span and drops the oldest silently; some room is left for those of the host. */
export const maxSpanEvents = 120;

const maxMessageLength = 4_000;
const maxReasonLength = 4_000;

/** What a door leads to. */
export interface DoorOptions {
  readonly span: Span;
  readonly spanContext: SpanContext;
  readonly context: Context;
  /** Attributes of the unit, as on its span. */
  readonly attributes: Attributes;
  readonly clock: Clock;
  readonly transport: EventTransport;
  /** Version to go on from. */
  readonly version?: number;
}

/**
 * The one door that the events of a unit pass. Each gets the next number and version of its unit and leaves three ways
 * with the same attributes: on the span, as an OTLP log event, and as an announcement that becomes a row.
 */
export class EventDoor {
  readonly #options: DoorOptions;
  #seq = 0;
  #version: number;
  #spanEvents = 0;
  #invented: SpanContext | undefined;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#version = options.version ?? 0;
  }

  /** Version after the last event: microseconds since the epoch, made strictly increasing. */
  get version(): number {
    return this.#version;
  }

  /** Whether an event would be heard, so that none is made for nobody. */
  get isHeard(): boolean {
    const { span, transport } = this.#options;
    return span.isRecording() || isAnnouncementHeard() || (transport !== 'span' && eventLogger() !== undefined);
  }

  /** Lets an event out. Never throws. */
  emit(event: UnitEvent): void {
    try {
      this.#emit(event);
    } catch (error) {
      diag.error('spanledger: an event could not be recorded', error);
    }
  }

  /** Tells that the unit has begun, as a log event alone and without a number: its start is on record anyway. Never throws. */
  tellStart(name: string, message: string): void {
    if (this.#options.transport === 'span') return;
    const logger = eventLogger();
    if (logger === undefined) return;
    const start: UnitEvent = { name, level: 'debug', category: 'performance', message };
    const told = { [attribute.level]: start.level, [attribute.category]: start.category };
    this.#log(logger, start, { ...told, [attribute.message]: storedText(message, maxMessageLength) }, this.#version);
  }

  /** Puts an exception on the span, in the form that tools look for. */
  recordException(exception: Attributes): void {
    const { span, clock } = this.#options;
    if (this.#spanEvents < maxSpanEvents && span.isRecording()) this.#addToSpan('exception', exception, clock.now());
  }

  #emit(event: UnitEvent): void {
    const { span, clock, transport } = this.#options;
    const at = event.at ?? clock.now();
    this.#seq += 1;
    this.#version = Math.max(this.#version + 1, at);
    const isHeard = isAnnouncementHeard();
    const logger = transport === 'span' || event.isRowOnly === true ? undefined : eventLogger();
    const isForSpan = transport !== 'log' && event.onSpan !== false && event.isRowOnly !== true;
    const isWanted = isForSpan && this.#spanEvents < maxSpanEvents;
    const isOnSpan = isWanted && span.isRecording();
    if (!isHeard && !isOnSpan && logger === undefined) return;
    const attributes = this.#attributesOf(event, at);
    if (isOnSpan) this.#addToSpan(event.name, attributes, at);
    if (logger !== undefined) this.#log(logger, event, attributes, at);
    if (isHeard) this.#announce(event, attributes, at);
  }

  #attributesOf(event: UnitEvent, at: number): Attributes {
    const attributes: Attributes = event.attributes ?? {};
    attributes[attribute.level] = event.level;
    attributes[attribute.category] = event.category;
    attributes[attribute.message] =
      event.isMessageStored === true ? event.message : storedText(event.message, maxMessageLength);
    attributes[attribute.seq] = this.#seq;
    attributes[attribute.version] = event.of === undefined ? this.#version : Math.max(event.of.version + 1, at);
    if (event.reason !== undefined) attributes[attribute.reason] = recurringText(event.reason, maxReasonLength);
    const details = event.detailsJson ?? (event.details === undefined ? undefined : sanitizer().json(event.details));
    if (details !== undefined) attributes[attribute.details] = details;
    return attributes;
  }

  /** The listener came after the unit, which nobody had given ids until then. */
  #spanContext(): SpanContext {
    const { spanContext } = this.#options;
    if (spanContext.spanId !== INVALID_SPANID) return spanContext;
    this.#invented ??= inventSpanContext(undefined);
    return this.#invented;
  }

  #addToSpan(name: string, attributes: Attributes, at: number): void {
    this.#spanEvents += 1;
    try {
      this.#options.span.addEvent(name, attributes, toHrTime(at));
    } catch (error) {
      diag.error('spanledger: a span refused an event', error);
    }
  }

  #log(logger: EventLogger, event: UnitEvent, attributes: Attributes, at: number): void {
    try {
      logger.emit({
        eventName: event.name,
        timestamp: toHrTime(at),
        severityNumber: severityNumberOf(event.level),
        severityText: event.level.toUpperCase(),
        body: String(attributes[attribute.message]),
        attributes: { ...(event.of?.attributes ?? this.#options.attributes), ...attributes },
        context: this.#options.context,
      });
    } catch (error) {
      diag.error('spanledger: a logger refused an event', error);
    }
  }

  #announce(event: UnitEvent, attributes: Attributes, at: number): void {
    const spanContext = this.#spanContext();
    const unitAttributes = event.of?.attributes ?? this.#options.attributes;
    announce({ name: event.name, at, attributes, spanContext, unitAttributes, storedBy: sanitizer() });
  }
}
