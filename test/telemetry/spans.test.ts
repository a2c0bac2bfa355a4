import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  createAlwaysRecordSampler,
  ParentBasedSampler,
  type ReadableSpan,
  type Span,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import { describe, expect, test } from 'vitest';
import { importSession, step } from '../../src/index.ts';
import { isLogRecorded } from '../../src/recording/recorded-logs.ts';
import { attribute, event } from '../../src/telemetry/conventions.ts';
import { maxSpanEvents } from '../../src/telemetry/event-door.ts';
import { setSessionDefaults } from '../../src/telemetry/session-defaults.ts';
import { listen, thrownBy, useSdk } from './captured-events.ts';

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `i${index}`);
const byName = { id: (name: string) => name };
const parentOf = (span: ReadableSpan | undefined): string | undefined => span?.parentSpanContext?.spanId;
const idOf = (span: ReadableSpan | undefined): string | undefined => span?.spanContext().spanId;

/** Keeps the attributes that a processor sees when a span starts. */
class StartProcessor implements SpanProcessor {
  readonly seen: { name: string; attributes: object }[] = [];
  onStart(span: Span): void {
    const { name, attributes } = span as unknown as ReadableSpan;
    this.seen.push({ name, attributes: { ...attributes } });
  }
  onEnd(): void {}
  forceFlush(): Promise<void> {
    return Promise.resolve();
  }
  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

describe('spans', () => {
  test('3.1 a session is a span, items are its children, steps theirs; what runs inside nests under them', async () => {
    const sdk = useSdk();
    await importSession({ id: 's' }, (session) =>
      session.item({ id: 'i' }, (item) =>
        item.step('move', async () => {
          await step('copy', () => trace.getTracer('app').startSpan('io').end());
        }),
      ),
    );
    const [session] = sdk.named('import.session');
    const [item] = sdk.named('import.item');
    const [move] = sdk.named('task.step move');
    const [copy] = sdk.named('task.step copy');
    expect(parentOf(session)).toBeUndefined();
    expect(parentOf(item)).toBe(idOf(session));
    expect(parentOf(move)).toBe(idOf(item));
    expect(parentOf(copy)).toBe(idOf(move));
    expect(parentOf(sdk.named('io')[0])).toBe(idOf(copy));
    expect(copy?.attributes).toMatchObject({ [attribute.itemId]: 'i', [attribute.sessionId]: 's' });
  });

  test('that failed have the type of their error, by which it is counted, and others have none', async () => {
    const sdk = useSdk();
    const denied = Object.assign(new Error('permission denied'), { code: 'EACCES' });
    await thrownBy(() =>
      importSession({ id: 's' }, async (session) => {
        await session.item({ id: 'good' }, () => undefined);
        await session.item({ id: 'bad' }, (item) =>
          item.step('read', () => {
            throw denied;
          }),
        );
      }),
    );
    await importSession({ id: 'missing' }, (session) =>
      session.item({ id: 'gone' }, (item) => item.to('missing', 'not there')),
    );
    await importSession({ id: 'well' }, () => undefined);
    const typeOf = ({ attributes }: ReadableSpan) => attributes['error.type'];
    expect(sdk.named('task.step read').map(typeOf)).toEqual(['EACCES']);
    expect(sdk.named('import.item').map(typeOf)).toEqual([undefined, 'EACCES', '_OTHER']);
    expect(sdk.named('import.session').map(typeOf)).toEqual(['EACCES', '_OTHER', undefined]);
  });

  test('P4 carry all that names them when they start, for processors that look then', async () => {
    const starts = new StartProcessor();
    useSdk({ processors: [starts] });
    await importSession({ id: 's', kind: 'local', accountId: '9', total: 1 }, (session) =>
      session.item({ id: 'i', filePath: '/in/i' }, (item) => item.step('hash', () => 1, { input: { size: 3 } })),
    );
    const [session, item, hash] = starts.seen.map(({ attributes }) => attributes as Record<string, unknown>);
    const correlation = session?.[attribute.correlationId];
    expect(correlation).toMatch(/^[0-9a-f]{32}$/);
    expect(session).toMatchObject({
      [attribute.unit]: 'session',
      [attribute.sessionId]: 's',
      [attribute.sessionKind]: 'local',
      [attribute.accountId]: '9',
      [attribute.taskName]: 'local',
      [attribute.attempt]: 1,
      [attribute.total]: 1,
    });
    expect(item).toMatchObject({
      [attribute.unit]: 'item',
      [attribute.itemId]: 'i',
      [attribute.filePath]: '/in/i',
      [attribute.order]: 0,
      [attribute.correlationId]: correlation,
    });
    expect(hash).toMatchObject({
      [attribute.unit]: 'step',
      [attribute.itemId]: 'i',
      [attribute.stepName]: 'hash',
      [attribute.taskName]: 'local',
      [attribute.input]: '{"size":3}',
    });
  });

  test('3.1 are errors for failed and missing items and failed sessions only', async () => {
    const sdk = useSdk();
    await importSession({ id: 's' }, (session) =>
      session.each(names(4), byName, (item) => {
        if (item.id === 'i1') item.skip('duplicate');
        if (item.id === 'i2') item.missing('gone');
        if (item.id === 'i3') throw new Error('broken');
      }),
    );
    const status = sdk.named('import.item').map(({ status: { code, message } }) => [code, message]);
    expect(status).toEqual([
      [SpanStatusCode.UNSET, undefined],
      [SpanStatusCode.UNSET, undefined],
      [SpanStatusCode.ERROR, 'gone'],
      [SpanStatusCode.ERROR, 'broken'],
    ]);
    expect(sdk.named('import.session')[0]?.status.code).toBe(SpanStatusCode.UNSET);
    const exception = sdk.named('import.item')[3]?.events.find(({ name }) => name === 'exception');
    expect(exception?.attributes).toMatchObject({ 'exception.message': 'broken' });
    await importSession({ id: 't' }, (session) => session.item({ id: 'i' }, (item) => item.fail('no')));
    expect(sdk.named('import.session')[1]?.status.code).toBe(SpanStatusCode.ERROR);
  });

  test('start and end on the clock of the session, and never end before their last event', async () => {
    const sdk = useSdk();
    await importSession({ id: 's' }, (session) => session.each(names(3), byName, () => undefined));
    for (const span of sdk.spans()) {
      const last = span.events.at(-1)?.time ?? span.startTime;
      expect(BigInt(span.endTime[0]) * 1_000_000_000n + BigInt(span.endTime[1])).toBeGreaterThanOrEqual(
        BigInt(last[0]) * 1_000_000_000n + BigInt(last[1]),
      );
    }
  });

  test('a processor that throws does not reach the host', async () => {
    class Broken extends StartProcessor {
      override onStart(): void {
        throw new Error('broken processor');
      }
      override onEnd(): void {
        throw new Error('broken processor');
      }
    }
    useSdk({ processors: [new Broken()] });
    const captured = listen();
    const outcome = await importSession({ id: 's' }, (session) =>
      session.item({ id: 'i' }, (item) => item.step('x', () => 1)),
    );
    expect(outcome.state).toBe('imported');
    expect(captured.named('import.item.end')).toHaveLength(1);
  });
});

describe('events', () => {
  test('P6b travel on the span and as log events with the same attributes, and are announced with them', async () => {
    const sdk = useSdk();
    const captured = listen();
    await importSession({ id: 's' }, (session) => session.item({ id: 'i' }, (item) => item.to('checking', 'look')));
    const span = sdk.named('import.item')[0];
    const onSpan = span?.events.find((event) => event.attributes?.[attribute.toState] === 'checking');
    const log = sdk.logs
      .getFinishedLogRecords()
      .find(({ attributes }) => attributes[attribute.toState] === 'checking' && attributes[attribute.itemId] === 'i');
    const announced = captured.all.find(({ attributes }) => attributes[attribute.toState] === 'checking');
    expect(onSpan?.attributes).toEqual(announced?.attributes);
    expect(log?.attributes).toMatchObject({ ...announced?.attributes, [attribute.sessionId]: 's' });
    expect(log).toMatchObject({
      eventName: 'import.item.transition',
      severityNumber: 9,
      severityText: 'INFO',
      body: 'item i: analyzing -> checking',
      spanContext: { spanId: idOf(span), traceId: span?.spanContext().traceId },
    });
    expect(onSpan?.time).toEqual(log?.hrTime);
    expect(announced?.spanContext.spanId).toBe(idOf(span));
  });

  test.each([
    ['span', true, false],
    ['log', false, true],
  ] as const)(
    'P6b the setting %s chooses the way; the announcement does not depend on it',
    async (way, onSpan, asLog) => {
      const sdk = useSdk();
      const captured = listen();
      await importSession({ id: 's', transitions: way }, (session) => session.item({ id: 'i' }, () => undefined));
      expect((sdk.named('import.item')[0]?.events.length ?? 0) > 0).toBe(onSpan);
      expect(sdk.logs.getFinishedLogRecords().length > 0).toBe(asLog);
      expect(captured.namesOf('i')).toHaveLength(7);
    },
  );

  test('P6b beyond what a span holds are still announced, all of them, in order', async () => {
    const sdk = useSdk();
    const captured = listen();
    await importSession({ id: 's' }, (session) =>
      session.item({ id: 'i' }, (item) => {
        for (let index = 0; index < 500; index += 1) item.audit(`line ${index}`);
      }),
    );
    const span = sdk.named('import.item')[0];
    expect(span?.events).toHaveLength(maxSpanEvents);
    expect(span?.droppedEventsCount).toBe(0);
    expect(span?.events[0]?.name).toBe('import.item.claim');
    const numbers = captured.all
      .filter(({ unitAttributes }) => unitAttributes[attribute.unit] === 'item')
      .map(({ attributes }) => attributes[attribute.seq]);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index + 1));
    expect(numbers.length).toBeGreaterThan(500);
  });

  test('P9 do not depend on sampling, nor on an SDK at all, and always have valid ids', async () => {
    const run = async () => {
      const captured = listen();
      await importSession({ id: 's' }, (session) => session.item({ id: 'i' }, () => undefined));
      return captured;
    };
    const without = await run();
    useSdk({ sampler: new AlwaysOffSampler() });
    const unsampled = await run();
    for (const captured of [without, unsampled]) {
      expect(captured.namesOf('i')).toHaveLength(7);
      const ids = captured.all.map(({ spanContext }) => spanContext);
      expect(new Set(ids.map(({ traceId }) => traceId)).size).toBe(1);
      expect(new Set(ids.map(({ spanId }) => spanId)).size).toBe(2);
      for (const { traceId, spanId } of ids) {
        expect(traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
        expect(spanId).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
      }
    }
  });
});

describe('traces of large sessions', () => {
  test('P10 a small session is one trace', async () => {
    const sdk = useSdk();
    await importSession({ id: 's', maxItemsPerTrace: 5 }, (session) => session.each(names(5), byName, () => 1));
    expect(new Set(sdk.spans().map((span) => span.spanContext().traceId)).size).toBe(1);
    expect(sdk.named('import.chunk')).toHaveLength(0);
  });

  test('P10 one known to be larger goes in chunks from the start, linked both ways', async () => {
    const sdk = useSdk();
    const captured = listen();
    await importSession({ id: 's', maxItemsPerTrace: 4 }, (session) =>
      session.each(names(10), { ...byName, concurrency: 3 }, (item) => item.step('x', () => 1)),
    );
    const [session] = sdk.named('import.session');
    const chunks = sdk.named('import.chunk');
    expect(chunks).toHaveLength(3);
    for (const chunk of chunks) {
      expect(parentOf(chunk)).toBeUndefined();
      expect(chunk.links.map(({ context: linked }) => linked.spanId)).toEqual([idOf(session)]);
      expect(chunk.attributes).toMatchObject({ [attribute.unit]: 'chunk', [attribute.sessionId]: 's' });
    }
    expect(session?.links.map(({ context: linked }) => linked.spanId)).toEqual(chunks.map(idOf));
    const perChunk = chunks.map((chunk) => sdk.named('import.item').filter((item) => parentOf(item) === idOf(chunk)));
    expect(perChunk.map((items) => items.length)).toEqual([4, 4, 2]);
    for (const [index, items] of perChunk.entries()) {
      const own = chunks[index]?.spanContext().traceId;
      expect(items.every((item) => item.spanContext().traceId === own)).toBe(true);
    }
    const correlations = new Set(captured.all.map(({ unitAttributes }) => unitAttributes[attribute.correlationId]));
    expect(correlations.size).toBe(1);
  });

  test('P10 one whose size was not known goes on in chunks; a chunk ends with its last item', async () => {
    const sdk = useSdk();
    async function* unknown(): AsyncGenerator<string> {
      yield* names(7);
    }
    await importSession({ id: 's', maxItemsPerTrace: 3 }, async (session) => {
      await session.each(unknown(), byName, () => undefined);
      expect(sdk.named('import.chunk')).toHaveLength(1);
    });
    const [session] = sdk.named('import.session');
    expect(sdk.named('import.item').filter((item) => parentOf(item) === idOf(session))).toHaveLength(3);
    expect(sdk.named('import.chunk')).toHaveLength(2);
  });

  test('P10 steps beyond the budget of a trace stay out of it, are counted, and still reach processors', async () => {
    const starts = new StartProcessor();
    const root = new TraceIdRatioBasedSampler(1);
    const sampler = createAlwaysRecordSampler(new ParentBasedSampler({ root }));
    const sdk = useSdk({ sampler, processors: [starts] });
    await importSession({ id: 's', maxSpansPerTrace: 5 }, (session) =>
      session.item({ id: 'i' }, async (item) => {
        for (let index = 0; index < 10; index += 1) {
          await item.step('x', () => context.active());
        }
      }),
    );
    expect(sdk.named('task.step x')).toHaveLength(3);
    expect(starts.seen.filter(({ name }) => name === 'task.step x')).toHaveLength(10);
    expect(sdk.named('import.session')[0]?.attributes[attribute.overflow]).toBe(7);
  });
});

describe('metrics', () => {
  test('count what ended, what is open and what was refused', async () => {
    const sdk = useSdk();
    await importSession({ id: 's', kind: 'local' }, (session) =>
      session.each(names(3), byName, async (item) => {
        await item.step('x', () => undefined);
        if (item.id === 'i1') item.skip('duplicate');
        if (item.id === 'i2') await thrownBy(() => item.to('imported', 'no'));
      }),
    );
    const metrics = await sdk.metrics();
    expect(metrics.get('spanledger.items')).toMatchObject([
      { attributes: { kind: 'local', outcome: 'imported' }, value: 2 },
      { attributes: { kind: 'local', outcome: 'skipped' }, value: 1 },
    ]);
    expect(metrics.get('spanledger.sessions')).toMatchObject([{ attributes: { outcome: 'imported' }, value: 1 }]);
    expect(metrics.get('spanledger.step.duration')).toMatchObject([
      { attributes: { task: 'local', step: 'x', status: 'SUCCESS' }, value: { count: 3 } },
    ]);
    expect(metrics.get('spanledger.transitions.refused')).toMatchObject([
      { attributes: { machine: 'item' }, value: 1 },
    ]);
    for (const point of metrics.get('spanledger.units.open') ?? []) expect(point.value).toBe(0);
  });

  test('S2.31 tell what is open by name, and how old the oldest is, also once nothing is', async () => {
    const sdk = useSdk();
    const open = async (name: string) =>
      ((await sdk.metrics()).get(name) ?? []) as readonly { attributes: object; value: number }[];
    let finish: (() => void) | undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const running = [1, 2].map(() => step('copy', () => finished, { task: 'sync' }));
    const attributes = { unit: 'step', task: 'sync', step: 'copy' };
    expect(await open('spanledger.units.open')).toMatchObject([{ attributes, value: 2 }]);
    const [oldest] = await open('spanledger.units.oldest');
    expect(oldest?.value).toBeGreaterThan(0);
    finish?.();
    await Promise.all(running);
    expect(await open('spanledger.units.open')).toMatchObject([{ attributes, value: 0 }]);
    expect(await open('spanledger.units.oldest')).toMatchObject([{ attributes, value: 0 }]);
  });

  test('P4 the start of a step is a log event while its span is open, and not one more row or number', async () => {
    const sdk = useSdk();
    const heard = listen();
    const started = () => sdk.logs.getFinishedLogRecords().filter(({ eventName }) => eventName === event.stepStart);
    let seen: ReturnType<typeof started> = [];
    await importSession({ id: 's' }, (session) =>
      session.item({ id: 'i' }, (item) =>
        item.step('move', () => {
          seen = started();
        }),
      ),
    );
    const [move] = sdk.named('task.step move');
    expect(seen).toHaveLength(1);
    expect(seen[0]?.spanContext?.spanId).toBe(idOf(move));
    expect(seen[0]?.attributes).toMatchObject({ [attribute.stepName]: 'move', [attribute.itemId]: 'i' });
    expect(move?.events).toEqual([]);
    expect(heard.all.map(({ name }) => name)).not.toContain(event.stepStart);
    expect(seen.map((log) => isLogRecorded(log, 'debug'))).toEqual([false]);
  });

  test('the start of a step is no log event where a setting or nobody asks for it', async () => {
    const sdk = useSdk();
    setSessionDefaults({ stepEvents: false });
    await step('quiet', () => undefined);
    setSessionDefaults(undefined);
    await importSession({ id: 's', transitions: 'span' }, (session) => session.step('quiet too', () => undefined));
    expect(sdk.logs.getFinishedLogRecords().map(({ eventName }) => eventName)).not.toContain(event.stepStart);
  });
});
