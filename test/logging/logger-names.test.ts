import { expect, it } from 'vitest';
import { getLogger } from '../../src/logging/logger.ts';

it('remembers the loggers of many names, and not of names without end', () => {
  const first = getLogger('service');
  for (let id = 0; id < 2_000; id += 1) getLogger(`request-${id}`);
  expect(getLogger('service')).toBe(first);
  expect(getLogger('request-1')).toBe(getLogger('request-1'));
  const [one, again] = [getLogger('request-1999'), getLogger('request-1999')];
  expect(one).not.toBe(again);
});
