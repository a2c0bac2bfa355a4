import { describe, expect, it } from 'vitest';
import { projectSpanEnd, projectSpanEvents, projectSpanStart } from '../../src/projection/unit-projection.ts';
import { attribute, attributeTable } from '../../src/telemetry/conventions.ts';
import { createContext, hostileValues, itemAttributes, spanId, spanOf, start, traceId } from './sources.ts';

const context = createContext();

const identity = {
  traceId,
  spanId,
  sessionId: 'local-7',
  itemId: '/data/a.jpg',
  correlationId: 'corr-1',
  requestId: 'req-1',
  taskId: 'task-1',
  userId: 'user-1',
  unit: 'item',
  taskName: 'local',
  stepName: 'import.item',
  order: 3,
  attempt: 2,
};

describe('the start of a unit', () => {
  it('names the unit and its ids', () => {
    const input = '{"path":"/data/a.jpg"}';
    const span = spanOf({ attributes: { ...itemAttributes, [attribute.input]: input, [attribute.total]: 9 } });
    expect(projectSpanStart(span, context)).toEqual({
      type: 'start',
      at: start,
      version: start,
      ...identity,
      input,
      total: 9,
    });
  });

  it('is no record for a span that is no unit', () => {
    expect(projectSpanStart(spanOf({ attributes: {} }), context)).toBeUndefined();
    expect(projectSpanStart(spanOf({ attributes: { [attribute.unit]: 'galaxy' } }), context)).toBeUndefined();
    expect(projectSpanEnd(spanOf({ attributes: {} }), context)).toBeUndefined();
  });

  it('goes by the name of its span where it names no task and step', () => {
    const span = spanOf({ name: 'resize', attributes: { [attribute.unit]: 'step' } });
    expect(projectSpanStart(span, context)).toMatchObject({ taskName: 'resize', stepName: 'resize', unit: 'step' });
  });

  it('names the service where it is not the one that owns the journal', () => {
    expect(projectSpanStart(spanOf({ service: 'other' }), context)).toMatchObject({ service: 'other' });
    expect(projectSpanStart(spanOf(), context)?.service).toBeUndefined();
  });
});

describe('the end of a unit', () => {
  it('is a success where the status is unset or ok', () => {
    const parentSpanId = '00f067aa0ba902b8';
    const attributes = { ...itemAttributes, [attribute.output]: '{"ok":true}', [attribute.done]: 4 };
    expect(projectSpanEnd(spanOf({ parentSpanId, attributes }), context)).toEqual({
      type: 'end',
      at: start + 1_500,
      startAt: start,
      version: start + 1_501,
      status: 'SUCCESS',
      ...identity,
      parentSpanId,
      output: '{"ok":true}',
      done: 4,
    });
    expect(projectSpanEnd(spanOf({ status: 'ok' }), context)).toMatchObject({ status: 'SUCCESS' });
  });

  it('is a failure with the message of the status and the stack of the last exception', () => {
    const exception = (message: string, stack: string) => ({
      name: 'exception',
      at: start + 1,
      attributes: { [attribute.exceptionMessage]: message, [attribute.exceptionStack]: stack },
    });
    const events = [exception('first', 'stack 1'), exception('last', 'stack 2')];
    expect(projectSpanEnd(spanOf({ status: 'error', statusMessage: 'told', events }), context)).toMatchObject({
      status: 'FAILED',
      errorMessage: 'told',
      stack: 'stack 2',
    });
    expect(projectSpanEnd(spanOf({ status: 'error', events }), context)).toMatchObject({ errorMessage: 'last' });
    expect(projectSpanEnd(spanOf({ events }), context)?.errorMessage).toBeUndefined();
  });

  it('has a version above those of all its events, also of events that ran ahead of the clock', () => {
    const events = [{ name: 'e', at: start, attributes: { [attribute.version]: start + 9_000 } }];
    expect(projectSpanEnd(spanOf({ events }), context)?.version).toBe(start + 9_001);
  });

  it('never lies before its start', () => {
    expect(projectSpanEnd(spanOf({ endAt: start - 5 }), context)).toMatchObject({ at: start, startAt: start });
    expect(projectSpanEnd(spanOf({ endAt: Number.NaN }), context)).toMatchObject({ at: start });
  });

  it('loses the secrets of its input, output and error', () => {
    const span = spanOf({
      attributes: {
        ...itemAttributes,
        [attribute.input]: '{"password":"hunter2"}',
        [attribute.output]: '{"n":1,"token":"hunter2"}',
      },
      status: 'error',
      statusMessage: 'login to postgres://app:hunter2@db/x failed',
    });
    expect(JSON.stringify(projectSpanEnd(span, context))).not.toContain('hunter2');
  });
});

describe('the events of a finished span', () => {
  const ledger = {
    name: 'import.file.saved',
    at: start + 10,
    attributes: { [attribute.seq]: 1, [attribute.message]: 'saved' },
  };
  const own = { name: 'cache.miss', at: start + 20, attributes: { key: 'a' } };
  const exception = { name: 'exception', at: start + 30, attributes: { [attribute.exceptionMessage]: 'boom' } };

  it('are all records of a unit', () => {
    const records = projectSpanEvents(spanOf({ events: [ledger, own, exception] }), context);
    expect(records.map((record) => [record.event, record.level, record.category])).toEqual([
      ['import.file.saved', 'info', 'file_operation'],
      ['cache.miss', 'info', 'validation'],
      ['exception', 'error', 'error'],
    ]);
    expect(records[1]).toMatchObject({ details: '{"key":"a"}', message: 'cache.miss', itemId: '/data/a.jpg' });
  });

  it('make one record of an exception that an event of the unit tells too', () => {
    const error = {
      name: 'import.item.error',
      at: start + 29,
      attributes: { [attribute.seq]: 2, [attribute.exceptionMessage]: 'boom' },
    };
    const records = projectSpanEvents(spanOf({ events: [error, exception] }), context);
    expect(records.map((record) => record.event)).toEqual(['import.item.error']);
  });

  it('make no record of the exception that the unit itself failed with', () => {
    const failed = { status: 'error', statusMessage: 'boom' } as const;
    expect(projectSpanEvents(spanOf({ ...failed, events: [exception] }), context)).toEqual([]);
    expect(projectSpanEvents(spanOf({ ...failed, statusMessage: 'other', events: [exception] }), context)).toHaveLength(
      1,
    );
  });

  it('are only those of spanledger where the span is no unit', () => {
    const records = projectSpanEvents(spanOf({ attributes: {}, events: [ledger, own, exception] }), context);
    expect(records.map((record) => record.event)).toEqual(['import.file.saved']);
  });

  it('can be chosen from', () => {
    const records = projectSpanEvents(spanOf({ events: [ledger, own] }), context, (event) => event.name !== own.name);
    expect(records.map((record) => record.event)).toEqual(['import.file.saved']);
  });
});

describe('hostile attribute values', () => {
  it('never make a projection throw, and what comes out is plain and storable', () => {
    for (const value of hostileValues()) {
      for (const [name] of Object.values(attributeTable)) {
        const attributes = { ...itemAttributes, [name]: value };
        const events = [
          { name: String(name), at: value as number, attributes: { [attribute.seq]: 1, [name]: value, other: value } },
        ];
        const span = spanOf({
          attributes,
          events,
          status: 'error',
          statusMessage: value as string,
          name: value as string,
        });
        const records = [
          projectSpanStart(span, context),
          projectSpanEnd(span, context),
          ...projectSpanEvents(span, context),
        ];
        const text = JSON.stringify(records);
        expect(text.isWellFormed()).toBe(true);
        expect(text).not.toContain('\\u0000');
      }
    }
  });
});
