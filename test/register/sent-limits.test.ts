import type { LogRecordProcessor } from '@opentelemetry/sdk-logs';
import { LoggerProvider } from '@opentelemetry/sdk-logs';
import { type ReadableSpan, type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { describe, expect, it } from 'vitest';
import { limitsWithin, logsWithin, spansWithin } from '../../src/register/sent-limits.ts';

const rest = { forceFlush: () => Promise.resolve(), shutdown: () => Promise.resolve() };
const limits = { attributeCountLimit: 2, attributeValueLengthLimit: 5, eventCountLimit: 7 };

function spanProcessor(into: ReadableSpan[]): SpanProcessor {
  return { onStart: () => {}, onEnd: (span) => void into.push(span), ...rest };
}

type SdkLogRecord = Parameters<LogRecordProcessor['onEmit']>[0];

describe('limits of attributes', () => {
  it('hold for spans that are sent, and leave those alone that are recorded', () => {
    const sent: ReadableSpan[] = [];
    const recorded: ReadableSpan[] = [];
    const spanProcessors = [spanProcessor(recorded), spansWithin(spanProcessor(sent), limits)];
    const provider = new TracerProvider({ spanProcessors, spanLimits: limitsWithin(limits) });
    const attributes = { one: 'long enough', two: ['also long', 'short'], three: 3 };
    const span = provider.getTracer('app').startSpan('work', { attributes });
    span.addEvent('happened', attributes).end();
    expect(recorded[0]).toMatchObject({ attributes, droppedAttributesCount: 0 });
    expect(sent[0]).toMatchObject({
      name: 'work',
      attributes: { one: 'long ', two: ['also ', 'short'] },
      droppedAttributesCount: 1,
      events: [{ name: 'happened', attributes: { one: 'long ', two: ['also ', 'short'], three: 3 } }],
    });
    expect(sent[0]?.spanContext()).toEqual(span.spanContext());
  });

  it('hold for log records that are sent', () => {
    const sent: SdkLogRecord[] = [];
    const recorded: SdkLogRecord[] = [];
    const processor = (into: SdkLogRecord[]): LogRecordProcessor => ({
      onEmit: (record) => void into.push(record),
      ...rest,
    });
    const processors = [processor(recorded), logsWithin(processor(sent), limits)];
    const provider = new LoggerProvider({ processors, logRecordLimits: limitsWithin(limits) });
    const attributes = { one: 'long enough', two: 2, three: 3 };
    provider.getLogger('app').emit({ body: 'a line of text', severityText: 'INFO', attributes });
    expect(recorded[0]).toMatchObject({ attributes, droppedAttributesCount: 0 });
    expect(sent[0]).toMatchObject({
      body: 'a line of text',
      severityText: 'INFO',
      attributes: { one: 'long ', two: 2 },
      droppedAttributesCount: 1,
    });
  });

  it('change nothing where there are none, and leave the others to the SDK', () => {
    const processor = spanProcessor([]);
    expect(spansWithin(processor, { eventCountLimit: 7 })).toBe(processor);
    expect(limitsWithin(limits)).toEqual({ attributeCountLimit: 128, eventCountLimit: 7 });
    expect(limitsWithin({ attributeCountLimit: 500 })).toEqual({ attributeCountLimit: 500 });
  });
});
