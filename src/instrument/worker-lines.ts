import { subscribe } from 'node:diagnostics_channel';
import { BroadcastChannel, receiveMessageOnPort, threadId, type Worker, workerData } from 'node:worker_threads';
import { type Context, diag, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api';
import { type LogAttributes, toLogValue } from '../recording/log-fields.ts';
import { correlationId, setCorrelationId } from '../telemetry/correlation.ts';
import { logContext } from '../telemetry/log-context.ts';
import type { EmittedLog } from './log-provider.ts';

/** Takes records in place of a log provider. */
export type LineSink = (logger: string, record: EmittedLog) => void;

const key = Symbol.for('spanledger.line-sink.v1');
const slot = globalThis as { [key]?: LineSink };

/** Where the lines of this thread go; `undefined` where a log provider takes them. */
export function lineSink(): LineSink | undefined {
  return slot[key];
}

/** A line on its way from a worker thread to the one above it: what can be cloned of a record, with its context in ids. */
interface SentLine {
  readonly logger: string;
  readonly record: Omit<EmittedLog, 'context'>;
  readonly span: Pick<SpanContext, 'traceId' | 'spanId' | 'traceFlags'> | undefined;
  readonly correlation: string | undefined;
}

/** One channel for each thread: on a common one every thread would get the lines of all others. */
function channelName(thread: number): string {
  return `spanledger.lines.v1.${process.pid}.${thread}`;
}

/**
 * Sends the lines of this worker thread to the thread that has started it, and so on up to the main thread, where rows are made of them. They
 * are on their way before the call that wrote them returns.
 */
export function sendLines(): void {
  const lines = new BroadcastChannel(channelName(threadId));
  unref(lines);
  const post = (line: SentLine) => lines.postMessage(line);
  slot[key] = (logger, { context, ...record }) => {
    const attributes = withFields(record.attributes ?? {}, context);
    post({
      logger,
      record: { timestamp: Date.now(), ...record, attributes },
      span: spanOf(context),
      correlation: correlationId(context),
    });
  };
  followWorkers(post);
}

/** Takes the lines that worker threads send, for good. Nothing is opened before a worker thread is started. */
export function receiveLines(take: LineSink): { finish(): void } {
  return followWorkers(({ logger, record, span, correlation }) => {
    const bare = span === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, span);
    take(logger, { ...record, context: correlation === undefined ? bare : setCorrelationId(bare, correlation) });
  });
}

/** A trace state cannot be cloned, and no row has it. */
function spanOf(context: Context): SentLine['span'] {
  const span = trace.getSpanContext(context);
  return span && { traceId: span.traceId, spanId: span.spanId, traceFlags: span.traceFlags };
}

function withFields(attributes: Readonly<LogAttributes>, context: Context): LogAttributes {
  const all: LogAttributes = { ...attributes };
  for (const [name, value] of Object.entries(logContext(context))) {
    const known = Object.hasOwn(all, name) ? undefined : toLogValue(value);
    if (known !== undefined) all[name] = known;
  }
  return all;
}

/** Whether this thread is one in which a logger writes lines that were taken where they were logged, as the transports of pino are. */
export function isTransportThread(): boolean {
  const { dataBuf, stateBuf } = (workerData ?? {}) as Readonly<Record<string, unknown>>;
  return dataBuf instanceof SharedArrayBuffer && stateBuf instanceof SharedArrayBuffer;
}

function followWorkers(take: (line: SentLine) => void): { finish(): void } {
  const open = new Set<BroadcastChannel>();
  subscribe('worker_threads', (message) => {
    const { worker } = message as { readonly worker: Worker };
    const lines = new BroadcastChannel(channelName(worker.threadId));
    unref(lines);
    open.add(lines);
    lines.onmessage = (event) => taken(take, (event as { readonly data: unknown }).data);
    worker.once('exit', () => {
      drain(lines, take);
      open.delete(lines);
      lines.close();
    });
  });
  return { finish: () => open.forEach((lines) => void drain(lines, take)) };
}

/** What was sent and not looked at yet: of a thread that is gone, or at the end of the process. */
function drain(lines: BroadcastChannel, take: (line: SentLine) => void): void {
  for (;;) {
    const received = receiveMessageOnPort(lines as unknown as Parameters<typeof receiveMessageOnPort>[0]);
    if (received === undefined) return;
    taken(take, received.message);
  }
}

function taken(take: (line: SentLine) => void, message: unknown): void {
  try {
    take(message as SentLine);
  } catch (error) {
    diag.warn('A line of a worker thread could not be recorded.', error);
  }
}

/** Keeps no thread alive. */
function unref(lines: BroadcastChannel): void {
  (lines as unknown as { unref(): void }).unref();
}
