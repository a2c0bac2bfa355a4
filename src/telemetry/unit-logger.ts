import { type Attributes, context } from '@opentelemetry/api';
import type { AuditEntry } from './audit-entry.ts';
import { auditEvent } from './audit-event.ts';
import { attribute } from './conventions.ts';
import { performanceEvent } from './item-events.ts';
import type { UnitEvent } from './unit-event.ts';

/** Fields of a log line. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Fields of an error line. */
export interface ErrorFields extends LogFields {
  readonly recommendedActions?: readonly string[];
}

/** Writes log lines of one session or item: each becomes an event, an OTLP log record and a row. Never throws. */
export interface UnitLogger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  /** Adds class, message and stack of the error, its diagnosis and what to do. */
  error(message: string, error?: unknown, fields?: ErrorFields): void;
  performance(operation: string, durationMillis: number, fields?: LogFields): void;
  /** Records a transition that another machine made; the state of this unit is not touched. */
  stateTransition(from: string, to: string, reason: string, fields?: LogFields): void;
  /** A logger whose lines carry these fields too. */
  withContext(fields: LogFields): UnitLogger;
}

/** What the lines of a logger go to. */
export interface EventSink {
  emit(event: UnitEvent): void;
  /** Ids of the unit, without its unit mark. */
  readonly identity: Attributes;
}

/** Makes the logger of a unit. */
export function createUnitLogger(sink: EventSink, bound: LogFields = {}): UnitLogger {
  return new BoundLogger(sink, bound);
}

class BoundLogger implements UnitLogger {
  readonly #sink: EventSink;
  readonly #bound: LogFields;

  constructor(sink: EventSink, bound: LogFields) {
    this.#sink = sink;
    this.#bound = bound;
  }

  debug(message: string, fields?: LogFields): void {
    this.#write({ message, level: 'debug', details: this.#fields(fields) });
  }

  info(message: string, fields?: LogFields): void {
    this.#write({ message, level: 'info', details: this.#fields(fields) });
  }

  warning(message: string, fields?: LogFields): void {
    this.#write({ message, level: 'warning', details: this.#fields(fields) });
  }

  error(message: string, error?: unknown, fields?: ErrorFields): void {
    const { recommendedActions, ...rest } = fields ?? {};
    this.#write({
      message,
      level: 'error',
      category: 'error',
      error,
      details: this.#fields(rest),
      ...(recommendedActions !== undefined && { recommendedActions }),
    });
  }

  performance(operation: string, durationMillis: number, fields?: LogFields): void {
    this.#sink.emit(performanceEvent({ operation, durationMillis, fields: this.#fields(fields) }));
  }

  stateTransition(from: string, to: string, reason: string, fields?: LogFields): void {
    // Without the unit mark, and off the span that bears it: a state row is written by the guarded machine alone.
    this.#sink.emit({
      ...auditEvent({ message: `${from} -> ${to}`, category: 'state_transition', reason }, context.active()),
      details: { ...this.#fields(fields), from, to },
      attributes: { [attribute.fromState]: from, [attribute.toState]: to },
      onSpan: false,
      of: { attributes: this.#sink.identity, version: 0 },
    });
  }

  withContext(fields: LogFields): UnitLogger {
    return new BoundLogger(this.#sink, { ...this.#bound, ...fields });
  }

  #fields(fields: LogFields | undefined): LogFields | undefined {
    const all = { ...this.#bound, ...fields };
    return Object.keys(all).length === 0 ? undefined : all;
  }

  #write(entry: AuditEntry): void {
    this.#sink.emit(auditEvent(entry, context.active()));
  }
}
