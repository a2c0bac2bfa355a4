import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { step } from '../../src/index.ts';
import { isTextual } from '../../src/instrument/body-text.ts';
import { createLogRate } from '../../src/instrument/log-rate.ts';
import { mergeDetails, withLeftover } from '../../src/projection/event-details.ts';
import { detachedText } from '../../src/storable/detached-text.ts';
import { sanitizer } from '../../src/storable/sanitizer.ts';
import { recurringText } from '../../src/telemetry/stored-text.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

describe('a word that is remembered', () => {
  const rate = createLogRate({ perSecond: 1, now: () => 0, onLeftOut: () => undefined, onSecondOver: () => undefined });

  it.each<readonly [string, (word: string) => unknown]>([
    ['as a copy', (word) => kept.push(detachedText(word))],
    ['as a content type', isTextual],
    ['as a detail', (word) => mergeDetails(undefined, withLeftover(undefined, 'word', word), sanitizer())],
    ['as a reason', (word) => recurringText(word, 100)],
    ['as the name of a step', (word) => step(word, () => undefined)],
    ['as the name of a logger', (word) => rate.admits(word)],
  ])('does not hold the large text it was found in: %s', async (_, use) => {
    const once = async (index: number) => {
      const large = `${'x '.repeat(500_000)}application/problem-${index}+json`;
      await use(large.slice(-30));
    };
    await once(0);
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let index = 1; index < 13; index += 1) await once(index);
    collect();
    // Held, the texts would take 1 MB each.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(5_000_000);
  });
});

const kept: string[] = [];
