import { context, trace } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import {
  audit,
  batch,
  correlationId,
  importSession,
  step,
  withCorrelationId,
  withItem,
  withLogContext,
} from '../../src/index.ts';
import { setAnnouncementListener } from '../../src/telemetry/announcer.ts';
import { setProcessClock } from '../../src/telemetry/clock.ts';
import { attribute } from '../../src/telemetry/conventions.ts';
import { detailsOf, HandClock, listen, thrownBy, useSdk } from './captured-events.ts';

describe('a step outside of sessions', () => {
  test('S2.16 is a span with task, step and order, nested by what calls what', async () => {
    const sdk = useSdk();
    const result = await step('sync', async () => {
      await step('fetch', () => undefined, { input: { page: 1 }, attempt: 2 });
      return step('store', (current) => {
        current.output({ rows: 3 });
        return 'stored';
      });
    });
    expect(result).toBe('stored');
    const [sync] = sdk.named('task.step sync');
    const [fetch] = sdk.named('task.step fetch');
    const [store] = sdk.named('task.step store');
    expect(fetch?.parentSpanContext?.spanId).toBe(sync?.spanContext().spanId);
    expect([sync, fetch, store].map((span) => span?.attributes[attribute.taskName])).toEqual(['sync', 'sync', 'sync']);
    expect([sync, fetch, store].map((span) => span?.attributes[attribute.order])).toEqual([0, 1, 2]);
    expect(fetch?.attributes).toMatchObject({ [attribute.input]: '{"page":1}', [attribute.attempt]: 2 });
    expect(store?.attributes[attribute.output]).toBe('{"rows":3}');
  });

  test('reports its error once, at the innermost step, and rethrows it unchanged', async () => {
    useSdk();
    const captured = listen();
    const failure = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const error = await thrownBy(() => step('outer', () => step('inner', () => Promise.reject(failure))));
    expect(error).toBe(failure);
    const told = captured.named('task.step.error');
    expect(told).toHaveLength(1);
    expect(told[0]?.unitAttributes[attribute.stepName]).toBe('inner');
    expect(told[0]?.attributes[attribute.errorCategory]).toBe('network_error');
  });

  test('a step of an item leaves the report to the item', async () => {
    const captured = listen();
    await importSession({ id: 's' }, async (session) => {
      await thrownBy(() => session.item({ id: 'i' }, (item) => item.step('x', () => Promise.reject(new Error('no')))));
    });
    expect(captured.named('task.step.error')).toHaveLength(0);
    expect(captured.named('import.item.error')).toHaveLength(1);
  });

  test('works without any SDK and without a listener', async () => {
    expect(await step('a', () => step('b', () => 5))).toBe(5);
    expect(await thrownBy(() => step('a', () => Promise.reject(new Error('x'))))).toMatchObject({ message: 'x' });
  });
});

describe('a step', () => {
  test('tells its progress at most four times a second, and its end', async () => {
    const captured = listen();
    const clock = new HandClock();
    setProcessClock(clock);
    await step('copy', (current) => {
      for (let done = 1; done <= 10; done += 1) {
        clock.micros += 100_000;
        current.progress(done, 10);
      }
    });
    setProcessClock(undefined);
    const done = captured.named('task.step.progress').map(({ attributes }) => attributes[attribute.done]);
    expect(done).toEqual([1, 4, 7, 10]);
  });

  test('3.8 left open when its item ends is ended as abandoned', async () => {
    const sdk = useSdk();
    await importSession({ id: 's' }, async (session) => {
      await session.item({ id: 'i' }, (item) => {
        item.startStep('forgotten');
        item.startStep('ended').end();
      });
      session.startStep('also forgotten');
    });
    const messages = ['forgotten', 'ended', 'also forgotten'].map(
      (name) => sdk.named(`task.step ${name}`)[0]?.status.message,
    );
    expect(messages).toEqual(['abandoned', undefined, 'abandoned']);
  });

  test('started by hand fails with its error, once', async () => {
    const sdk = useSdk();
    await importSession({ id: 's' }, (session) => {
      const handle = session.startStep('by hand');
      handle.fail(new Error('broken'));
      handle.end();
      handle[Symbol.dispose]();
    });
    expect(sdk.named('task.step by hand')).toHaveLength(1);
    expect(sdk.named('task.step by hand')[0]?.status).toMatchObject({ code: 2, message: 'broken' });
  });
});

describe('a batch', () => {
  test('S2.26 tells its begin and its end, with seconds and counts', async () => {
    const sdk = useSdk();
    const captured = listen();
    const clock = new HandClock();
    await importSession({ id: 's', clock }, (session) =>
      session.batch('prices', { index: 2, count: 489, size: 3 }, (current) => {
        current.succeeded(2);
        current.failed();
        clock.micros += 3_690_000;
      }),
    );
    const messages = captured.named('task.step.progress').map(({ attributes }) => attributes[attribute.message]);
    expect(messages.at(0)).toBe('batch 3 of 489 begins, 3 items');
    expect(messages.at(-1)).toBe('batch 3 of 489 ends after 3.69 s: 2 ok, 1 failed');
    const span = sdk.named('task.batch prices')[0];
    expect(span?.attributes).toMatchObject({
      [attribute.unit]: 'batch',
      [attribute.order]: 2,
      [attribute.total]: 3,
      [attribute.output]: '{"seconds":3.69,"success":2,"failure":1}',
    });
  });

  test('works outside of sessions and tells when it breaks off', async () => {
    const captured = listen();
    await thrownBy(() => batch('prices', { index: 0 }, () => Promise.reject(new Error('no'))));
    const last = captured.named('task.step.progress').at(-1)?.attributes[attribute.message];
    expect(last).toMatch(/^batch 1 breaks off after/);
  });
});

describe('audit', () => {
  test('S1.12 inside an item belongs to the item; outside it stands on the active span, numbered', async () => {
    const sdk = useSdk();
    const captured = listen();
    await importSession({ id: 's' }, (session) =>
      session.item({ id: 'i' }, async () => {
        await Promise.resolve();
        audit({ message: 'order approved', event: 'order.approved', category: 'validation', details: { by: 'ada' } });
      }),
    );
    const inside = captured.named('order.approved')[0];
    expect(inside?.unitAttributes).toMatchObject({ [attribute.itemId]: 'i', [attribute.unit]: 'item' });
    trace.getTracer('app').startActiveSpan('request', (span) => {
      audit('first');
      audit('second');
      span.end();
    });
    const outside = captured.named('audit');
    expect(outside.map(({ attributes }) => attributes[attribute.seq])).toEqual([1, 2]);
    const request = sdk.named('request')[0];
    expect(outside[0]?.spanContext.spanId).toBe(request?.spanContext().spanId);
    expect(request?.events.map(({ name }) => name)).toEqual(['audit', 'audit']);
  });

  test('with an error tells its diagnosis and what to do', () => {
    const captured = listen();
    audit({ message: 'could not read', error: Object.assign(new Error('EACCES'), { code: 'EACCES' }) });
    expect(captured.named('audit')[0]?.attributes).toMatchObject({
      [attribute.level]: 'error',
      [attribute.category]: 'error',
      [attribute.errorType]: 'EACCES',
      [attribute.errorCategory]: 'permission_denied',
    });
  });

  test('S4.8 carries the fields of its log context, and their ids become ids of the record', async () => {
    useSdk();
    const captured = listen();
    await withLogContext({ provider: 'disk', user_id: 7 }, () =>
      withLogContext({ job_id: 'j1' }, async () => {
        await Promise.resolve();
        audit('inner');
      }),
    );
    audit('outer');
    const [inner, outer] = captured.named('audit');
    expect(detailsOf(inner)).toEqual({ provider: 'disk', user_id: 7, job_id: 'j1' });
    expect(inner?.unitAttributes).toMatchObject({ [attribute.userId]: '7', [attribute.taskId]: 'j1' });
    expect(outer?.attributes[attribute.details]).toBeUndefined();
  });
});

describe('the correlation id', () => {
  test('4.1 reaches everything inside and does not mix between concurrent sessions', async () => {
    useSdk();
    const captured = listen();
    const run = (id: string) =>
      withCorrelationId(`c-${id}`, () =>
        importSession({ id }, (session) =>
          session.each(['a', 'b', 'c'], { id: (name) => name, concurrency: 3 }, async (item) => {
            await new Promise((resolve) => setImmediate(resolve));
            expect(correlationId()).toBe(`c-${id}`);
            item.audit('line');
          }),
        ),
      );
    await Promise.all([run('1'), run('2'), run('3')]);
    for (const { unitAttributes } of captured.all) {
      expect(unitAttributes[attribute.correlationId]).toBe(`c-${unitAttributes[attribute.sessionId]}`);
    }
  });

  test('is the trace id of the active span where nothing else is set, and absent without both', () => {
    useSdk();
    expect(correlationId()).toBeUndefined();
    trace.getTracer('app').startActiveSpan('request', (span) => {
      expect(correlationId()).toBe(span.spanContext().traceId);
      expect(correlationId(context.active())).toBe(span.spanContext().traceId);
    });
  });
});

describe('withItem', () => {
  test('S1.19 joins the session of that id where it is open here, which follows it', async () => {
    const captured = listen();
    const outcome = await importSession({ id: 's' }, async () => {
      const result = await withItem({ itemId: 'i', sessionId: 's', filePath: '/in/i' }, (item) => {
        expect(item).toMatchObject({ itemId: 'i', sessionId: 's', filePath: '/in/i', currentState: 'analyzing' });
        expect(item.startTime).toBeInstanceOf(Date);
        item.transition('checking', 'duplicate check');
        item.logger.info('checked');
        return 'done';
      });
      expect(result).toBe('done');
    });
    expect(outcome).toMatchObject({ state: 'imported', counts: { imported: 1 } });
    expect(captured.moves('i').at(-1)).toBe('updating -> imported');
  });

  test('S1.35 runs alone where the session is run elsewhere', async () => {
    const captured = listen();
    const failure = new Error('no');
    const error = await thrownBy(() =>
      withItem({ itemId: 'i', sessionId: 'elsewhere' }, () => {
        throw failure;
      }),
    );
    expect(error).toBe(failure);
    expect(captured.moves('i')).toEqual(['pending -> analyzing', 'analyzing -> failed']);
    expect(captured.all[0]?.unitAttributes).toMatchObject({ [attribute.sessionId]: 'elsewhere' });
    expect(captured.named('import.session.start')).toHaveLength(0);
  });
});

test('announcements of one call are held together, in pairs', async () => {
  const told: string[] = [];
  setAnnouncementListener({
    onEvent: ({ name }) => told.push(name.replace('import.item.', '')),
    hold: () => told.push('('),
    release: () => told.push(')'),
  });
  await importSession({ id: 's', total: 1 }, async (session) => {
    await session.item({ id: 'a' }, () => undefined);
    await thrownBy(() => session.item({ id: '' }, () => undefined));
    await thrownBy(() => session.item({ id: 'b' }, () => Promise.reject(new Error('no'))));
  });
  const items = told.filter((name) => !name.startsWith('import.session'));
  expect(items.join(' ')).toBe(
    '( claim transition ) ( transition transition transition transition end ) ( ) ( claim transition ) ( error transition end )',
  );
});
