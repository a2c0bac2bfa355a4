import { describe, expect, it } from 'vitest';
import { type LogContext, projectLogRecord } from '../../src/projection/log-projection.ts';
import type { LogSource } from '../../src/projection/span-source.ts';
import { attribute } from '../../src/telemetry/conventions.ts';
import { createContext, hostileValues, spanId, start, traceId } from './sources.ts';

const context: LogContext = { ...createContext(), fallbackTraceId: 'f'.repeat(32) };
const logOf = (overrides: Partial<LogSource> = {}): LogSource => ({
  at: start,
  traceId,
  spanId,
  severityNumber: 13,
  body: 'disk nearly full',
  attributes: {},
  service: 'importer',
  ...overrides,
});

describe('a log line', () => {
  it('is an audit record with its trace, level, message and fields', () => {
    const attributes = {
      session_id: 'local-7',
      item_id: 'i1',
      correlationId: 'c',
      user_id: 5,
      job_id: 'j',
      free_bytes: 12,
    };
    expect(projectLogRecord(logOf({ attributes }), context)).toEqual({
      type: 'event',
      at: start,
      traceId,
      spanId,
      level: 'warning',
      category: 'log',
      event: 'log',
      message: 'disk nearly full',
      sessionId: 'local-7',
      itemId: 'i1',
      correlationId: 'c',
      userId: '5',
      taskId: 'j',
      details: '{"free_bytes":12}',
    });
  });

  it('has the level of its severity number, else of its text', () => {
    const level = (overrides: Partial<LogSource>) => projectLogRecord(logOf(overrides), context).level;
    expect(level({ severityNumber: 21 })).toBe('critical');
    expect(level({ severityNumber: 1 })).toBe('debug');
    expect(level({ severityNumber: undefined, severityText: 'Error' })).toBe('error');
    expect(level({ severityNumber: 0, severityText: 'odd' })).toBe('info');
  });

  it('outside of any trace has the trace id of the process', () => {
    const record = projectLogRecord(logOf({ traceId: undefined, spanId: '0000000000000000' }), context);
    expect(record.traceId).toBe('f'.repeat(32));
    expect(record.spanId).toBeUndefined();
  });

  it('tells an exception in the columns of errors', () => {
    const attributes = {
      'exception.type': 'TypeError',
      'exception.message': 'x is undefined',
      'exception.stacktrace': 'TypeError: x',
    };
    expect(projectLogRecord(logOf({ attributes }), context)).toMatchObject({
      errorType: 'TypeError',
      errorMessage: 'x is undefined',
      stack: 'TypeError: x',
    });
  });

  it('keeps a body that is no text as JSON', () => {
    expect(projectLogRecord(logOf({ body: { a: [1], password: 'hunter2' } }), context).message).toBe(
      '{"a":[1],"password":"[redacted]"}',
    );
  });

  it('never throws', () => {
    for (const value of hostileValues()) {
      const log = logOf({
        body: value,
        attributes: { a: value, session_id: value, [attribute.toState]: value },
        severityText: value as string,
      });
      expect(JSON.stringify(projectLogRecord(log, context))).not.toContain('\\u0000');
    }
  });
});

describe('a log event', () => {
  it('has its name and its own category', () => {
    const attributes = {
      [attribute.category]: 'file_operation',
      [attribute.unit]: 'item',
      [attribute.itemId]: 'i1',
      [attribute.taskName]: 't',
    };
    const record = projectLogRecord(logOf({ eventName: 'import.file.saved', attributes }), context);
    expect(record).toMatchObject({
      event: 'import.file.saved',
      category: 'file_operation',
      unit: 'item',
      itemId: 'i1',
    });
  });
});
