import { type Attributes, type AttributeValue, type Context, diag, SpanKind } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import { toMicros } from '../projection/readable-span.ts';
import { attribute } from '../telemetry/conventions.ts';
import { type BoardMemory, OpenBoard } from './open-board.ts';

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
      if (readable.attributes[attribute.unit] !== undefined) openUnit(this.#units, readable);
      else if (readable.kind === SpanKind.CLIENT && !isTracingSuppressed(parentContext))
        openCall(this.#calls, readable);
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
}

/** In the order in which the watchdog reads them. */
function openUnit(board: OpenBoard, span: ReadableSpan): void {
  const { traceId, spanId } = span.spanContext();
  const { attributes, name } = span;
  const text = (key: string, fallback = '') => attributes[key] ?? fallback;
  const names = `${text(attribute.taskName, name)}\0${text(attribute.stepName, name)}`;
  const ids = `${text(attribute.sessionId)}\0${text(attribute.itemId)}`;
  board.add(span, toMicros(span.startTime), `${attributes[attribute.unit]}\0${traceId}\0${spanId}\0${names}\0${ids}`);
}

/**
 * Stable names of the semantic conventions, and those before. The text is made a summary by the watchdog, when somebody asks; a longer
 * statement than fits is known by its beginning. The instrumentation of pg tells the statement right after the start of the span.
 */
function openCall(board: OpenBoard, span: ReadableSpan): void {
  const { attributes, name } = span;
  if (openStatement(board, span)) return;
  const at = toMicros(span.startTime);
  const method = attributes['http.request.method'] ?? attributes['http.method'];
  const url = attributes['url.full'] ?? attributes['http.url'] ?? attributes['server.address'] ?? name;
  if (method === undefined) board.add(span, at, 'other\0\0', name);
  else board.add(span, at, `http\0${method}\0`, String(url));
  if (systemOf(attributes) !== undefined) queueMicrotask(() => noteStatement(board, span));
}

/** Answers whether the statement is known. */
function openStatement(board: OpenBoard, span: ReadableSpan): boolean {
  const statement = statementOf(span.attributes);
  if (statement === undefined) return false;
  board.add(span, toMicros(span.startTime), `sql\0${systemOf(span.attributes) ?? ''}\0`, String(statement));
  return true;
}

function noteStatement(board: OpenBoard, span: ReadableSpan): void {
  if (span.ended || statementOf(span.attributes) === undefined) return;
  board.remove(span);
  openStatement(board, span);
}

function statementOf(attributes: Attributes): AttributeValue | undefined {
  return attributes['db.query.text'] ?? attributes['db.statement'] ?? attributes['db.query.summary'];
}

function systemOf(attributes: Attributes): AttributeValue | undefined {
  return attributes['db.system.name'] ?? attributes['db.system'];
}
