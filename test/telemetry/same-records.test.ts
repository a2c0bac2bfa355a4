import { expect, test } from 'vitest';
import { importSession } from '../../src/index.ts';
import { projectEvent } from '../../src/projection/event-projection.ts';
import { fromReadableSpan } from '../../src/projection/readable-span.ts';
import type { EventRecord } from '../../src/projection/record.ts';
import { projectSpanEvents } from '../../src/projection/unit-projection.ts';
import { sanitizer } from '../../src/storable/sanitizer.ts';
import { listen, useSdk } from './captured-events.ts';

test('an announcement and the event of the finished span make the same record', async () => {
  const sdk = useSdk();
  const captured = listen();
  await importSession({ id: 's', kind: 'local', accountId: '4' }, (session) =>
    session.each(['a', 'b', 'c'], { id: (name) => name }, async (item) => {
      await item.step('look', (step) => step.progress(1, 1));
      if (item.id === 'b') return item.skip('duplicate', { sha256: 'x' });
      if (item.id === 'c') throw new Error('no');
      item.logger.info('fresh', { size: 1 });
      item.fileSaved({ path: '/x', size: 1, sha256: 'ab', mimeType: 'text/plain', originalName: 'a' });
      return undefined;
    }),
  );
  const service = String(sdk.spans()[0]?.resource.attributes['service.name']);
  const context = { sanitizer: sanitizer(), service };
  const live = captured.all.map((announced) => projectEvent(announced, context));
  const late = sdk.spans().flatMap((span) => projectSpanEvents(fromReadableSpan(span), context));
  expect(inOrder(late)).toEqual(inOrder(live));
  expect(live.length).toBeGreaterThan(25);
});

function inOrder(records: readonly EventRecord[]): readonly EventRecord[] {
  return [...records].sort((left, right) => position(left).localeCompare(position(right)));
}

function position({ spanId, seq }: EventRecord): string {
  return `${spanId} ${String(seq).padStart(6, '0')}`;
}
