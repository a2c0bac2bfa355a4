import { createContextKey, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { getRPCMetadata, RPCType } from '@opentelemetry/core';
import { describe, expect, it } from 'vitest';
import { RequestContext } from '../../src/instrument/request-context.ts';

const sent = createContextKey('sent along');
const more = createContextKey('more');
const spanOf = (digit: string) =>
  trace.wrapSpanContext({ traceId: digit.repeat(32), spanId: digit.repeat(16), traceFlags: 1 });
const span = spanOf('a');
const parent = trace.setSpan(ROOT_CONTEXT.setValue(sent, 'by the caller'), spanOf('b'));
const metadata = { type: RPCType.HTTP, span };

describe('the context of a request', () => {
  it('has its span and its route on top of what the caller sent', () => {
    const context = new RequestContext(parent, span, metadata);
    expect(trace.getSpan(context)).toBe(span);
    expect(getRPCMetadata(context)).toBe(metadata);
    expect(context.getValue(sent)).toBe('by the caller');
    expect(context.getValue(more)).toBeUndefined();
  });

  it('is changed as any context is: the change is another one', () => {
    const context = new RequestContext(parent, span, metadata);
    const changed = trace.setSpan(context.setValue(more, 1), spanOf('c'));
    expect(trace.getSpan(changed)?.spanContext().spanId).toBe('c'.repeat(16));
    expect([sent, more].map((key) => changed.getValue(key))).toEqual(['by the caller', 1]);
    expect(getRPCMetadata(changed)).toBe(metadata);
    expect(trace.getSpan(trace.deleteSpan(context))).toBeUndefined();
    expect(getRPCMetadata(context.deleteValue(sent))).toBe(metadata);
    expect(context.deleteValue(sent).getValue(sent)).toBeUndefined();
    expect([trace.getSpan(context), context.getValue(sent), context.getValue(more)]).toEqual([
      span,
      'by the caller',
      undefined,
    ]);
  });
});
