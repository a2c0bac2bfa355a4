import { randomBytes } from 'node:crypto';
import type { StackFrame } from '../journal/process-state.ts';
import type { EventRecord } from '../projection/record.ts';
import { event } from '../telemetry/conventions.ts';
import { namedFrame, stackText } from './source-frames.ts';
import type { Stall, StallNews } from './stall-facts.ts';

const traceIdBytes = 16;

/** The names of the events of news. */
export const newsEvents = {
  begin: event.stallBegin,
  sample: event.stallSample,
  end: event.stallEnd,
  pause: event.pause,
} as const satisfies Record<StallNews['type'], string>;

/** The record of news, with the ids of the unit that was blocked, so that its story tells it. */
export function toEventRecord(news: StallNews): EventRecord {
  const { at, type } = news;
  const base = {
    type: 'event',
    at,
    category: 'performance',
    event: newsEvents[type],
    message: newsText(news),
  } as const;
  const details = JSON.stringify(newsDetails(news));
  const level = type === 'pause' ? 'info' : 'warning';
  const traceId = randomBytes(traceIdBytes).toString('hex');
  if (news.type === 'pause') return { ...base, traceId, level, details, durationMillis: news.durationMillis };
  const { place, stack } = news.stall;
  return {
    ...base,
    level,
    details,
    traceId: place?.trace_id ?? traceId,
    ...(place !== undefined && { spanId: place.span_id }),
    ...(place?.session_id !== undefined && { sessionId: place.session_id }),
    ...(place?.item_id !== undefined && { itemId: place.item_id }),
    ...(stack !== undefined && { stack: stackText(stack) }),
    ...(news.type === 'end' && { durationMillis: news.durationMillis }),
  };
}

/** News in a sentence. */
export function newsText(news: StallNews): string {
  if (news.type === 'pause')
    return `The whole process did not run for ${seconds(news.durationMillis)}: it was stopped, or the machine was asleep or had no time for it.`;
  const { stall } = news;
  const where = placeText(stall);
  if (news.type === 'end')
    return `The event loop turns again; it was blocked for ${seconds(news.durationMillis)}${where}.`;
  return `The event loop has been blocked for ${seconds((news.at - stall.since) / 1000)}${where}.`;
}

function placeText({ stack, withoutStack, place }: Stall): string {
  const frame = stack && namedFrame(stack);
  const at = frame === undefined ? '' : ` in ${frameText(frame)}`;
  const unit = place === undefined ? '' : `, while ${place.step_name ?? place.unit} ran`;
  return frame === undefined && withoutStack !== undefined ? `${unit} (${withoutStack})` : `${at}${unit}`;
}

/** `parse (/app/src/parse.ts:12:5)` */
export function frameText({ function: name, file, line, column }: StackFrame): string {
  return `${name} (${file}:${line}:${column})`;
}

function newsDetails(news: StallNews): Readonly<Record<string, unknown>> {
  if (news.type === 'pause') return { since: iso(news.since) };
  const { stall } = news;
  return {
    since: iso(stall.since),
    threshold_ms: stall.thresholdMillis,
    cpu_ratio: Math.round(stall.cpuRatio * 100) / 100,
    rss_bytes: stall.rssBytes,
    heap_used_bytes: stall.heapUsedBytes,
    worker_threads: stall.workerThreads,
    ...(stall.stack !== undefined && { frames: stall.stack }),
    ...(stall.stack === undefined && stall.withoutStack !== undefined && { without_stack: stall.withoutStack }),
    ...(stall.place !== undefined && { blocked_in: stall.place }),
    ...(stall.pendingCall !== undefined && { pending_call: stall.pendingCall }),
    ...(stall.unrecorded > 0 && { unrecorded_stalls: stall.unrecorded }),
  };
}

function iso(micros: number): string {
  return new Date(micros / 1000).toISOString();
}

function seconds(millis: number): string {
  return `${(millis / 1000).toFixed(1)} s`;
}
