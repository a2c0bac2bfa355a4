import { type Context, diag, SpanKind } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import { toMicros } from '../projection/readable-span.ts';
import { attribute } from '../telemetry/conventions.ts';
import { type BoardField, type BoardMemory, OpenBoard } from './open-board.ts';

/** Boards of what is open in a process: its units of work, and its calls to other systems. */
export interface Boards {
  readonly units: BoardMemory;
  readonly calls: BoardMemory;
}

/** Makes the span processor that keeps the boards. Spans that are neither unit nor call cost two comparisons. */
export function createWatchingSpanProcessor(boards: Boards): SpanProcessor {
  return new WatchingSpanProcessor(boards);
}

class WatchingSpanProcessor implements SpanProcessor {
  readonly #units: OpenBoard;
  readonly #calls: OpenBoard;

  constructor({ units, calls }: Boards) {
    this.#units = new OpenBoard(units);
    this.#calls = new OpenBoard(calls);
  }

  onStart(span: Span, parentContext: Context): void {
    try {
      const readable = span as unknown as ReadableSpan;
      if (readable.attributes[attribute.unit] !== undefined) this.#open(this.#units, readable, unitFields(readable));
      else if (readable.kind === SpanKind.CLIENT && !isTracingSuppressed(parentContext))
        this.#open(this.#calls, readable, callFields(readable));
    } catch (error) {
      diag.debug('spanledger: the start of a span could not be noted for the watchdog', error);
    }
  }

  onEnd(span: ReadableSpan): void {
    if (span.attributes[attribute.unit] !== undefined) this.#units.remove(span);
    else if (span.kind === SpanKind.CLIENT) this.#calls.remove(span);
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}

  #open(board: OpenBoard, span: ReadableSpan, fields: readonly BoardField[]): void {
    board.add(span, toMicros(span.startTime), fields);
  }
}

/** In the order in which the watchdog reads them. */
function unitFields(span: ReadableSpan): readonly BoardField[] {
  const { traceId, spanId } = span.spanContext();
  const { attributes } = span;
  return [
    [attributes[attribute.unit], 8],
    [traceId, 32],
    [spanId, 16],
    [attributes[attribute.taskName] ?? span.name, 40],
    [attributes[attribute.stepName] ?? span.name, 40],
    [attributes[attribute.sessionId], 48],
    [attributes[attribute.itemId], 64],
  ];
}

/**
 * Stable names of the semantic conventions, and those before. The text is made a summary by the watchdog, when somebody asks; a longer
 * statement than this is known by its beginning.
 */
function callFields({ attributes, name }: ReadableSpan): readonly BoardField[] {
  const statement = attributes['db.query.summary'] ?? attributes['db.query.text'] ?? attributes['db.statement'];
  if (statement !== undefined)
    return [
      ['sql', 8],
      [attributes['db.system.name'] ?? attributes['db.system'], 16],
      [statement, 220],
    ];
  const method = attributes['http.request.method'] ?? attributes['http.method'];
  if (method === undefined)
    return [
      ['other', 8],
      ['', 8],
      [name, 220],
    ];
  const url = attributes['url.full'] ?? attributes['http.url'] ?? attributes['server.address'] ?? name;
  return [
    ['http', 8],
    [method, 16],
    [url, 220],
  ];
}
