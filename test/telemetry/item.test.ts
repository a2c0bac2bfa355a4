import { describe, expect, test } from 'vitest';
import {
  IllegalTransitionError,
  type ImportOutcome,
  type Item,
  type ItemBlock,
  importSession,
} from '../../src/index.ts';
import { attribute } from '../../src/telemetry/conventions.ts';
import { detailsOf, listen, thrownBy } from './captured-events.ts';

/** Runs one item in a session and tells both ends. */
async function one(block: ItemBlock<unknown>): Promise<{ outcome: ImportOutcome; error: unknown }> {
  let error: unknown;
  const outcome = await importSession({ id: 's' }, async (session) => {
    await session.item({ id: 'i', filePath: '/in/i.jpg' }, block).catch((thrown: unknown) => {
      error = thrown;
    });
  });
  return { outcome, error };
}

describe('the end of an item block', () => {
  test('S1.19 a normal return takes the steps to imported that are left, each recorded as automatic', async () => {
    const captured = listen();
    await one((item) => item.to('checking', 'duplicate check'));
    expect(captured.moves('i')).toEqual([
      'pending -> analyzing',
      'analyzing -> checking',
      'checking -> moving',
      'moving -> updating',
      'updating -> imported',
    ]);
    const automatic = captured.named('import.item.transition').map(({ attributes }) => attributes[attribute.auto]);
    expect(automatic).toEqual([true, undefined, true, true, true]);
    expect(captured.named('import.item.transition').at(-1)?.attributes[attribute.reason]).toBe('normal end of block');
  });

  test('S0.7, S0.8 an item is claimed before it moves and its end is its last event', async () => {
    const captured = listen();
    await one(() => undefined);
    expect(captured.namesOf('i').at(0)).toBe('import.item.claim');
    expect(captured.namesOf('i').at(-1)).toBe('import.item.end');
    const claim = captured.named('import.item.claim')[0];
    expect(claim?.attributes[attribute.lockedBy]).toMatch(/^.+:\d+$/);
    expect(detailsOf(claim)).toEqual({ attempt: 1 });
    expect(captured.named('import.item.end')[0]?.attributes).toMatchObject({
      [attribute.outcome]: 'imported',
      [attribute.reason]: 'normal end of block',
    });
  });

  test('S1.19 a throw ends in failed, with a diagnosis on record, and is rethrown unchanged', async () => {
    const captured = listen();
    const thrown = Object.assign(new Error('ENOENT: no such file, open /in/i.jpg'), { code: 'ENOENT' });
    const { outcome, error } = await one(() => {
      throw thrown;
    });
    expect(error).toBe(thrown);
    expect(captured.moves('i')).toEqual(['pending -> analyzing', 'analyzing -> failed']);
    const told = captured.named('import.item.error')[0];
    expect(told?.attributes).toMatchObject({
      [attribute.level]: 'error',
      [attribute.errorType]: 'ENOENT',
      [attribute.errorCategory]: 'file_not_found',
      [attribute.exceptionStack]: expect.stringContaining('item.test.ts'),
    });
    expect(told?.attributes[attribute.actions]).not.toHaveLength(0);
    expect(outcome.failures).toEqual([
      { itemId: 'i', state: 'failed', category: 'file_not_found', reason: expect.stringContaining('ENOENT') },
    ]);
  });

  test('a throw in warning ends in failed; a throw after the end of the state keeps the state and adds an error record', async () => {
    const first = listen();
    await one((item) => {
      walkTo(item, 'updating');
      item.to('warning', 'no thumbnail');
      throw new Error('late');
    });
    expect(first.moves('i').at(-1)).toBe('warning -> failed');
    const second = listen();
    await one((item) => {
      walkTo(item, 'checking');
      item.skip('duplicate');
      throw new Error('after the end');
    });
    expect(second.moves('i').at(-1)).toBe('checking -> skipped');
    expect(second.named('import.item.error')).toHaveLength(1);
    expect(second.named('import.item.end')[0]?.attributes[attribute.outcome]).toBe('skipped');
  });

  test('an item in warning ends imported, unless it was finished so', async () => {
    const plain = listen();
    await one((item) => {
      walkTo(item, 'updating');
      item.to('warning', 'no thumbnail');
    });
    expect(plain.moves('i').at(-1)).toBe('warning -> imported');
    const kept = listen();
    const { outcome } = await one((item) => item.finish('warning', 'no thumbnail'));
    expect(kept.moves('i').at(-1)).toBe('updating -> warning');
    expect(outcome.counts.imported).toBe(1);
  });

  test.each(['path_updated', 'source_restored', 'imported'] as const)(
    'finish walks the legal way to %s',
    async (state) => {
      const captured = listen();
      await one((item) => item.finish(state));
      expect(captured.moves('i').at(-1)).toMatch(new RegExp(`-> ${state}$`));
    },
  );

  test('skip walks over checking and counts neither for nor against success', async () => {
    const captured = listen();
    const { outcome } = await one((item) => item.skip('duplicate', { sha256: 'ab' }));
    expect(captured.moves('i')).toEqual(['pending -> analyzing', 'analyzing -> checking', 'checking -> skipped']);
    const last = captured.named('import.item.transition').at(-1);
    expect(last?.attributes[attribute.reason]).toBe('duplicate');
    expect(last?.attributes[attribute.auto]).toBeUndefined();
    expect(detailsOf(last)).toEqual({ sha256: 'ab' });
    expect(outcome).toMatchObject({ state: 'imported', counts: { skipped: 1, imported: 0, failed: 0 } });
  });

  test('missing counts as failed and once more apart', async () => {
    const { outcome } = await one((item) => item.missing('gone between listing and reading'));
    expect(outcome).toMatchObject({ state: 'failed', counts: { failed: 1, missing: 1 } });
  });

  test('fail ends the item without a throw', async () => {
    const captured = listen();
    const { error, outcome } = await one((item) => item.fail('checksum differs'));
    expect(error).toBeUndefined();
    expect(outcome.counts.failed).toBe(1);
    expect(captured.named('import.item.error')[0]?.attributes[attribute.exceptionMessage]).toBe('checksum differs');
    expect(captured.moves('i').at(-1)).toBe('analyzing -> failed');
  });
});

describe('the guard of an item', () => {
  test('P6 an illegal transition is refused, recorded and has no other effect', async () => {
    const captured = listen();
    const { outcome } = await one(async (item) => {
      const error = await thrownBy(() => item.to('imported', 'in a hurry'));
      expect(error).toBeInstanceOf(IllegalTransitionError);
      expect(error).toMatchObject({ code: 'SPANLEDGER_ILLEGAL_TRANSITION', from: 'analyzing', to: 'imported' });
      expect(item.state).toBe('analyzing');
      expect(item.canTransitionTo('imported')).toBe(false);
      expect(item.canTransitionTo('checking')).toBe(true);
    });
    const refused = captured.named('import.item.transition_refused')[0];
    expect(detailsOf(refused)).toMatchObject({ requested: 'imported', allowed: ['checking', 'missing', 'failed'] });
    expect(refused?.attributes[attribute.toState]).toBeUndefined();
    expect(outcome.state).toBe('imported');
  });

  test('an empty reason is refused, and nothing moves on the way to that refusal', async () => {
    const captured = listen();
    await one(async (item) => {
      expect(await thrownBy(() => item.to('checking', '  '))).toMatchObject({ code: 'SPANLEDGER_REASON_REQUIRED' });
      expect(await thrownBy(() => item.skip(''))).toMatchObject({ code: 'SPANLEDGER_REASON_REQUIRED' });
      expect(item.state).toBe('analyzing');
    });
    expect(captured.moves('i')).not.toContain('checking -> skipped');
  });

  test('a move without a reason tells the step that ended last, else what the state means', async () => {
    const captured = listen();
    await one(async (item) => {
      await item.step('analyze', () => undefined);
      item.to('checking');
      item.to('moving');
      await item.step('copy', () => undefined);
      item.to('updating');
    });
    const reasons = captured.named('import.item.transition').map(({ attributes }) => attributes[attribute.reason]);
    expect(reasons.slice(1, 4)).toEqual([
      'after step analyze',
      'found to be new, goes to its place',
      'after step copy',
    ]);
  });

  test('moves, steps and saves after the end of the item are refused; records are not', async () => {
    const captured = listen();
    let kept: Item | undefined;
    await one((item) => {
      kept = item;
    });
    const item = kept as Item;
    const late = { code: 'SPANLEDGER_ITEM_ENDED' };
    expect(await thrownBy(() => item.to('failed', 'late'))).toMatchObject(late);
    expect(await thrownBy(() => item.skip('late'))).toMatchObject(late);
    expect(await thrownBy(() => item.fileSaved({ path: '/x', size: 1 }))).toMatchObject(late);
    expect(await thrownBy(() => item.step('late', () => 1))).toMatchObject(late);
    const before = captured.all.length;
    item.logger.info('still told');
    item.audit('and this');
    expect(captured.all.length - before).toBe(2);
  });
});

describe('what an item records', () => {
  test('S0.6, S0.10 a saved file is told with path, size, type, hash and original name', async () => {
    const captured = listen();
    await one((item) =>
      item.fileSaved({ path: '/out/1.jpg', size: 12, mimeType: 'image/jpeg', sha256: 'ab12', originalName: 'i.jpg' }),
    );
    const saved = captured.named('import.file.saved')[0];
    expect(saved?.unitAttributes).toMatchObject({ [attribute.itemId]: 'i', [attribute.sessionId]: 's' });
    expect(detailsOf(saved)).toEqual({ operation: 'save' });
    expect(saved?.attributes).toMatchObject({
      [attribute.filePath]: '/out/1.jpg',
      [attribute.fileSize]: 12,
      [attribute.mimeType]: 'image/jpeg',
      [attribute.sha256]: 'ab12',
      [attribute.fileName]: 'i.jpg',
    });
  });

  test('S1.21 a measurement tells duration and throughput, also when the work fails', async () => {
    const captured = listen();
    await one(async (item) => {
      expect(await item.measure('hash', { fileSizeBytes: 1_000 }, () => 'done')).toBe('done');
      const failure = new Error('cut off');
      expect(await thrownBy(() => item.measure('copy', {}, () => Promise.reject(failure)))).toBe(failure);
    });
    const [hash, copy] = captured.named('performance');
    expect(detailsOf(hash)).toMatchObject({ operation: 'hash', success: true, file_size_bytes: 1_000 });
    expect(hash?.attributes[attribute.durationMillis]).toBeGreaterThanOrEqual(0);
    expect(detailsOf(copy)).toMatchObject({ operation: 'copy', success: false, error: 'cut off' });
  });

  test('S1.16 no line of the logger drops its fields', async () => {
    const captured = listen();
    await one((item) => {
      const logger = item.logger.withContext({ provider: 'disk' });
      logger.info('read', { bytes: 3 });
      logger.warning('slow', { millis: 9 });
      logger.error('broken', new TypeError('bad'), { recommendedActions: ['Look at it.'], page: 4 });
      logger.performance('hash', 12.5, { algorithm: 'sha256' });
      logger.stateTransition('queued', 'running', 'a slot is free', { queue: 'fast' });
    });
    const lines = captured.named('audit');
    expect(lines.map(({ attributes }) => attributes[attribute.level])).toEqual(['info', 'warning', 'error', 'info']);
    expect(lines.map(detailsOf)).toEqual([
      { provider: 'disk', bytes: 3 },
      { provider: 'disk', millis: 9 },
      { provider: 'disk', page: 4 },
      { provider: 'disk', queue: 'fast', from: 'queued', to: 'running' },
    ]);
    expect(lines[2]?.attributes).toMatchObject({
      [attribute.actions]: ['Look at it.'],
      [attribute.exceptionMessage]: 'TypeError: bad',
    });
    expect(detailsOf(captured.named('performance')[0])).toMatchObject({ algorithm: 'sha256', provider: 'disk' });
    expect(lines[3]?.unitAttributes[attribute.unit]).toBeUndefined();
  });

  test('events of an item are numbered without gaps and their versions grow', async () => {
    const captured = listen();
    await one(async (item) => {
      await item.step('a', () => undefined);
      item.to('checking');
      item.fileSaved({ path: '/x', size: 1 });
    });
    const own = captured.all.filter((told) => told.unitAttributes[attribute.unit] === 'item');
    expect(own.map(({ attributes }) => attributes[attribute.seq])).toEqual(own.map((_, index) => index + 1));
    const versions = own.map(({ attributes }) => Number(attributes[attribute.version]));
    expect(versions).toEqual([...new Set(versions)].sort((left, right) => left - right));
  });
});

function walkTo(item: Item, target: 'checking' | 'updating'): void {
  item.to('checking');
  if (target === 'checking') return;
  item.to('moving');
  item.to('updating');
}
