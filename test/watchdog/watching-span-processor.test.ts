import { SpanKind } from '@opentelemetry/api';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { describe, expect, it } from 'vitest';
import { createBoardMemory, readBoard } from '../../src/watchdog/open-board.ts';
import { createWatchingSpanProcessor } from '../../src/watchdog/watching-span-processor.ts';

describe('what the watchdog is shown of a call', () => {
  const boards = { units: createBoardMemory(4), calls: createBoardMemory(4) };
  const tracer = new TracerProvider({ spanProcessors: [createWatchingSpanProcessor(boards)] }).getTracer('test');
  const shown = () => readBoard(boards.calls).map(({ fields }) => fields);

  it('is the statement, also where the instrumentation tells it right after the start of the span', async () => {
    const attributes = { 'db.system.name': 'postgresql' };
    const span = tracer.startSpan('pg.query:UPDATE shop', { kind: SpanKind.CLIENT, attributes });
    expect(shown()).toEqual([['other', '', 'pg.query:UPDATE shop']]);
    span.setAttribute('db.query.text', 'update stock set count = $1');
    await undefined;
    expect(shown()).toEqual([['sql', 'postgresql', 'update stock set count = $1']]);
    span.end();
    expect(shown()).toEqual([]);
  });

  it('is nothing where the call was over at once', async () => {
    const span = tracer.startSpan('q', { kind: SpanKind.CLIENT, attributes: { 'db.system.name': 'postgresql' } });
    span.setAttribute('db.query.text', 'select 1');
    span.end();
    await undefined;
    expect(shown()).toEqual([]);
  });
});
