import { randomBytes } from 'node:crypto';
import { diag } from '@opentelemetry/api';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { AuditLevel } from '../domain/audit.ts';
import type { Journal } from '../journal/journal.ts';
import { projectEvent } from '../projection/event-projection.ts';
import { type LogContext, projectLogRecord } from '../projection/log-projection.ts';
import { projectOpenRequest, projectOpenRequestEnd } from '../projection/open-request.ts';
import { fromReadableLogRecord } from '../projection/readable-log-record.ts';
import { fromReadableSpan } from '../projection/readable-span.ts';
import type { LedgerRecord, RecordClass } from '../projection/record.ts';
import { projectRequest } from '../projection/request-projection.ts';
import type { EventSource } from '../projection/span-source.ts';
import { projectSpanEnd, projectSpanEvents, projectSpanStart } from '../projection/unit-projection.ts';
import { type Sanitizer, sanitizer } from '../storable/sanitizer.ts';
import type { AnnouncedEvent } from '../telemetry/announcer.ts';
import { isNested } from './nested-request.ts';
import { isLogRecorded } from './recorded-logs.ts';
import { takeRequestFacts } from './request-facts.ts';

/** What a recorder records, besides units and their events. */
export interface RecorderSettings {
  /** HTTP requests: those the host serves (default), also those it makes, or none. */
  readonly requests?: 'inbound' | 'all' | 'none';
  /** Log lines below this level make no records; default `debug`, so all of them do. Events are not log lines. */
  readonly logLevel?: AuditLevel;
  /** Default: the sanitizer of the process. */
  readonly sanitizer?: Sanitizer;
}

/** What makes a recorder. */
export interface RecorderOptions {
  readonly journal: Journal;
  readonly settings?: RecorderSettings;
  /**
   * Calls back at the end of the turn of the event loop. Where it is given, the rows of requests that the host was seen to serve wait for
   * it and are appended in one go, or with the next other record: nobody was told that they are on the disk.
   */
  readonly endOfTurn?: (work: () => void) => void;
}

/** Which events of an ended span are still to be recorded. */
export type EventFilter = (event: EventSource) => boolean;

/** Projects what OpenTelemetry tells and appends it to the journal. Nothing here ever throws. */
export interface Recorder {
  readonly journal: Journal;
  /** What is recorded until `release` is appended in one go, at `release`. All of it in one synchronous call. Pairs nest. */
  hold(): void;
  release(): void;
  /** A span began: a record if it is a unit. */
  recordStart(span: ReadableSpan): void;
  /** A request that the host serves takes its time: a unit of work while it is open, if requests are recorded. */
  recordOpenRequest(span: ReadableSpan): void;
  /** It ended. What every request leaves is recorded by `recordEnds`. */
  recordOpenRequestEnd(span: ReadableSpan): void;
  /** An event happened. */
  recordEvent(announced: AnnouncedEvent): void;
  /** Spans ended: their units, requests, and those of their events that `filter` lets through. */
  recordEnds(spans: readonly ReadableSpan[], filter?: EventFilter): void;
  /** Log records were written. */
  recordLogs(logs: readonly ReadableLogRecord[]): void;
  /** Appends what waits for the end of the turn, when there may be none. */
  settle(): void;
}

/** Makes the recorder that processors and exporters share. */
export function createRecorder(options: RecorderOptions): Recorder {
  return new JournalRecorder(options);
}

const traceIdBytes = 16;
/** Requests that wait for the end of one turn: beyond it, it is a turn that does not end. */
const mostWaiting = 256;
/** Arguments of one call live on the stack. */
const mostPerAppend = 1_000;

class JournalRecorder implements Recorder {
  readonly journal: Journal;
  readonly #context: LogContext;
  readonly #requests: 'inbound' | 'all' | 'none';
  readonly #logLevel: AuditLevel;
  readonly #held: LedgerRecord[] = [];
  readonly #endOfTurn: ((work: () => void) => void) | undefined;
  #waiting: LedgerRecord[] = [];
  #holds = 0;

  constructor({ journal, settings = {}, endOfTurn }: RecorderOptions) {
    this.journal = journal;
    this.#endOfTurn = endOfTurn;
    this.#context = {
      sanitizer: settings.sanitizer ?? sanitizer(),
      service: journal.owner.service,
      fallbackTraceId: randomBytes(traceIdBytes).toString('hex'),
    };
    this.#requests = settings.requests ?? 'inbound';
    this.#logLevel = settings.logLevel ?? 'debug';
  }

  hold(): void {
    this.#holds += 1;
  }

  release(): void {
    if (this.#holds > 0) this.#holds -= 1;
    if (this.#holds === 0 && this.#held.length > 0) this.#append(this.#held.splice(0));
  }

  recordStart(span: ReadableSpan): void {
    try {
      const record = projectSpanStart(fromReadableSpan(span), this.#context);
      if (record !== undefined) this.#appendOne(record);
    } catch (error) {
      this.#failed('the start of a span', 'progress', error);
    }
  }

  recordOpenRequest(span: ReadableSpan): void {
    this.#recordRequestUnit(span, projectOpenRequest);
  }

  recordOpenRequestEnd(span: ReadableSpan): void {
    this.#recordRequestUnit(span, projectOpenRequestEnd);
  }

  recordEvent(announced: AnnouncedEvent): void {
    try {
      this.#appendOne(projectEvent(announced, this.#context));
    } catch (error) {
      this.#failed('an event', 'audit', error);
    }
  }

  recordEnds(spans: readonly ReadableSpan[], filter?: EventFilter): void {
    const records: LedgerRecord[] = [];
    for (const span of spans) {
      try {
        this.#projectEnd(span, records, filter);
      } catch (error) {
        this.#failed('the end of a span', 'progress', error);
      }
    }
    if (records.length > 0) this.#append(records);
  }

  recordLogs(logs: readonly ReadableLogRecord[]): void {
    const records: LedgerRecord[] = [];
    for (const log of logs) {
      try {
        if (isLogRecorded(log, this.#logLevel))
          records.push(projectLogRecord(fromReadableLogRecord(log), this.#context));
      } catch (error) {
        this.#failed('a log record', 'audit', error);
      }
    }
    this.#append(records);
  }

  settle(): void {
    if (this.#waiting.length > 0) this.#append([]);
  }

  #projectEnd(span: ReadableSpan, records: LedgerRecord[], filter: EventFilter | undefined): void {
    const source = fromReadableSpan(span);
    if (span.events.length > 0) records.push(...projectSpanEvents(source, this.#context, filter));
    const end = projectSpanEnd(source, this.#context);
    if (end !== undefined) records.push(end);
    if (this.#requests === 'none' || isNested(span)) return;
    const facts = takeRequestFacts(span);
    const request = projectRequest(source, this.#context, { outbound: this.#requests === 'all', facts });
    if (request === undefined) return;
    if (facts === undefined || this.#endOfTurn === undefined) records.push(request);
    else this.#wait(request, this.#endOfTurn);
  }

  #wait(record: LedgerRecord, endOfTurn: (work: () => void) => void): void {
    this.#waiting.push(record);
    if (this.#waiting.length === 1) endOfTurn(() => this.settle());
    else if (this.#waiting.length >= mostWaiting) this.settle();
  }

  /** What waits goes first: records are in the order in which they happened. */
  #withWaiting(records: readonly LedgerRecord[]): readonly LedgerRecord[] {
    if (this.#waiting.length === 0) return records;
    const all = [...this.#waiting, ...records];
    this.#waiting = [];
    return all;
  }

  #recordRequestUnit(span: ReadableSpan, project: typeof projectOpenRequest | typeof projectOpenRequestEnd): void {
    if (this.#requests === 'none') return;
    try {
      const record = project(fromReadableSpan(span), this.#context);
      if (record !== undefined) this.#appendOne(record);
    } catch (error) {
      this.#failed('an open request', 'progress', error);
    }
  }

  #appendOne(record: LedgerRecord): void {
    if (this.#holds > 0) this.#held.push(record);
    else if (this.#waiting.length > 0) this.#append([record]);
    else this.journal.append(record);
  }

  #append(made: readonly LedgerRecord[]): void {
    if (made.length === 0 && this.#waiting.length === 0) return;
    const records = this.#withWaiting(made);
    if (this.#holds > 0) {
      this.#held.push(...records);
      return;
    }
    try {
      for (let start = 0; start < records.length; start += mostPerAppend) {
        this.journal.append(
          ...(records.length <= mostPerAppend ? records : records.slice(start, start + mostPerAppend)),
        );
      }
    } catch (error) {
      this.#failed('records', 'audit', error);
    }
  }

  /** What could not be made is counted among what was dropped. */
  #failed(what: string, name: RecordClass, error: unknown): void {
    this.journal.leaveOut(name);
    diag.error(`spanledger: ${what} could not be recorded`, error);
  }
}
