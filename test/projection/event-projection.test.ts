import { describe, expect, it } from 'vitest';
import { projectEvent } from '../../src/projection/event-projection.ts';
import type { AnnouncedEvent } from '../../src/telemetry/announcer.ts';
import { attribute, event } from '../../src/telemetry/conventions.ts';
import { createContext, itemAttributes, sessionAttributes, spanId, start, traceId } from './sources.ts';

const context = createContext();

function announced(
  name: string,
  attributes: AnnouncedEvent['attributes'],
  unitAttributes = itemAttributes as AnnouncedEvent['unitAttributes'],
) {
  return projectEvent(
    { name, at: start, attributes, unitAttributes, spanContext: { traceId, spanId, traceFlags: 1 } },
    context,
  );
}

describe('an announced event', () => {
  it('has every attribute in its place', () => {
    const record = announced(event.itemTransition, {
      [attribute.level]: 'info',
      [attribute.category]: 'state_transition',
      [attribute.message]: 'item /data/a.jpg: analyzing -> checking',
      [attribute.seq]: 4,
      [attribute.version]: start + 7,
      [attribute.reason]: 'duplicate check',
      [attribute.fromState]: 'analyzing',
      [attribute.toState]: 'checking',
      [attribute.durationMillis]: 1.5,
      [attribute.details]: '{"hash":"abc"}',
      [attribute.auto]: true,
    });
    expect(record).toEqual({
      type: 'event',
      at: start,
      traceId,
      spanId,
      sessionId: 'local-7',
      itemId: '/data/a.jpg',
      correlationId: 'corr-1',
      requestId: 'req-1',
      taskId: 'task-1',
      userId: 'user-1',
      level: 'info',
      category: 'state_transition',
      event: 'import.item.transition',
      message: 'item /data/a.jpg: analyzing -> checking',
      seq: 4,
      version: start + 7,
      unit: 'item',
      fromState: 'analyzing',
      toState: 'checking',
      reason: 'duplicate check',
      durationMillis: 1.5,
      details: '{"hash":"abc","auto":true}',
      attempt: 2,
    });
  });

  it('tells an error with what to do', () => {
    const record = announced(event.itemError, {
      [attribute.errorType]: 'EACCES',
      [attribute.exceptionType]: 'Error',
      [attribute.exceptionMessage]: 'permission denied',
      [attribute.exceptionStack]: 'Error: permission denied\n  at x',
      [attribute.actions]: ['Give the user the right to read the file.'],
      [attribute.errorCategory]: 'permission',
    });
    expect(record).toMatchObject({
      level: 'error',
      category: 'error',
      message: 'permission denied',
      errorType: 'EACCES',
      errorMessage: 'permission denied',
      stack: 'Error: permission denied\n  at x',
      actions: ['Give the user the right to read the file.'],
      details: '{"category":"permission"}',
    });
  });

  it('carries counts, kind and account where it moves a session', () => {
    const counts = {
      [attribute.countTotal]: 10,
      [attribute.countPending]: 4,
      [attribute.countProcessing]: 1,
      [attribute.countImported]: 3,
      [attribute.countSkipped]: 1,
      [attribute.countFailed]: 1,
    };
    const record = announced(event.sessionProgress, { ...counts, [attribute.done]: 5 }, sessionAttributes);
    expect(record).toMatchObject({
      unit: 'session',
      kind: 'local',
      accountId: '456',
      attempt: 1,
      done: 5,
      total: 40,
      counts: { total: 10, pending: 4, processing: 1, imported: 3, skipped: 1, failed: 1, missing: 0 },
    });
  });

  it('is of an item by its name, where a session speaks for one', () => {
    const record = announced(
      event.itemTransition,
      { [attribute.itemId]: 'i9', [attribute.toState]: 'missing' },
      sessionAttributes,
    );
    expect(record).toMatchObject({ unit: 'item', itemId: 'i9', sessionId: 'local-7' });
    expect(record.kind).toBeUndefined();
    expect(record.attempt).toBeUndefined();
  });

  it('keeps attributes without a column in its details, under the names that details use, and none twice', () => {
    const saved = {
      [attribute.filePath]: '/out/a.jpg',
      [attribute.fileSize]: 12,
      'my.own': [1, 2],
      [attribute.lockedBy]: undefined,
    };
    expect(JSON.parse(announced(event.fileSaved, saved).details ?? '')).toEqual({
      file_path: '/out/a.jpg',
      file_size: 12,
      'my.own': [1, 2],
    });
    const told = announced(event.fileSaved, { ...saved, [attribute.details]: '{"file_path":"/out/b.jpg"}' });
    expect(JSON.parse(told.details ?? '')).toEqual({ file_path: '/out/b.jpg', file_size: 12, 'my.own': [1, 2] });
    expect(JSON.parse(announced('x', { a: 1, [attribute.details]: '[1,2]' }).details ?? '')).toEqual({
      details: [1, 2],
      a: 1,
    });
    expect(JSON.parse(announced('x', { a: 1, [attribute.details]: '{}' }).details ?? '')).toEqual({ a: 1 });
    const nested = announced('x', { a: 1, [attribute.details]: '{"b":{"a":2}}' });
    expect(JSON.parse(nested.details ?? '')).toEqual({ a: 1, b: { a: 2 } });
  });

  it('keeps details whole beside attributes without a value', () => {
    const withNothing = (details: string) =>
      announced('x', { a: undefined, b: undefined, [attribute.details]: details }).details;
    expect(withNothing('{"k":1}')).toBe('{"k":1}');
    expect(withNothing('[1]')).toBe('[1]');
  });

  it('reads levels in any spelling and takes the usual one of the event where there is none', () => {
    expect(announced('x', { [attribute.level]: 'WARN' }).level).toBe('warning');
    expect(announced('x', { [attribute.level]: 'loud' }).level).toBe('info');
    expect(announced(event.stepProgress, {}).level).toBe('debug');
  });

  it('keeps 50 recommended actions and says how many more there were', () => {
    const actions = Array.from({ length: 53 }, (_, index) => `do ${index}`);
    const record = announced('x', { [attribute.actions]: actions });
    expect(record.actions).toHaveLength(51);
    expect(record.actions?.at(-1)).toBe('… 3 more');
  });

  it('loses its secrets', () => {
    const record = announced('x', {
      [attribute.message]: 'using Bearer hunter2hunter2',
      [attribute.reason]: 'password=hunter2',
      [attribute.details]: '{"a":{"apiKey":"hunter2"}}',
      'http.request.header.authorization': ['hunter2'],
      [attribute.exceptionStack]: 'Error: token=hunter2\n at x',
      [attribute.actions]: ['set password: hunter2'],
    });
    expect(JSON.stringify(record)).not.toContain('hunter2');
  });
});
