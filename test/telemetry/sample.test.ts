import { expect, test } from 'vitest';
import { importSession } from '../../src/index.ts';
import { listen, useSdk } from './captured-events.ts';

interface Meta {
  readonly sha256: string;
}

const files = [{ path: '/in/a.jpg' }, { path: '/in/copy-of-a.jpg' }, { path: '/in/broken.jpg' }];
const analyze = async (file: { path: string }): Promise<Meta> => {
  if (file.path.includes('broken')) throw new SyntaxError('Unexpected end of data');
  return { sha256: file.path.includes('copy') ? 'seen' : 'new' };
};
const isDuplicate = async (meta: Meta): Promise<boolean> => meta.sha256 === 'seen';
const move = async (file: { path: string }) => ({ path: file.path.replace('/in', '/out'), size: 12, sha256: 'new' });
const save = async (_: Meta): Promise<void> => undefined;

test('the program that the documents show runs as it stands', async () => {
  useSdk();
  const captured = listen();
  const outcome = await importSession({ id: 'local-7', kind: 'local', accountId: '456' }, async (session) => {
    await session.each(files, { id: (f) => f.path, concurrency: 4 }, async (item, file) => {
      const meta = await item.step('analyze', () => analyze(file));
      item.to('checking', 'duplicate check');
      if (await isDuplicate(meta)) return item.skip('duplicate', { sha256: meta.sha256 });
      item.to('moving');
      item.fileSaved(await item.step('move', () => move(file)));
      item.to('updating');
      await item.step('update', () => save(meta));
    });
  });
  expect(outcome).toMatchObject({
    state: 'imported',
    partial: true,
    counts: { total: 3, imported: 1, skipped: 1, failed: 1, missing: 0, pending: 0, processing: 0 },
    failures: [{ itemId: '/in/broken.jpg', category: 'invalid_format' }],
  });
  expect(captured.namesOf('/in/a.jpg').filter((name) => name !== 'import.item.transition')).toEqual([
    'import.item.claim',
    'import.file.saved',
    'import.item.end',
  ]);
});
