import { expect, test } from 'vitest';
import { type AuditLevel, configureLogging, getLogger } from '../../src/index.ts';

test('a level that is none is an error, and the loggers go on as before', () => {
  configureLogging({ level: 'warning' });
  expect(() => configureLogging({ level: 'loud' as AuditLevel })).toThrowError(
    /^configureLogging sets level to loud, which is not one of debug, info, warning, error, critical\.$/,
  );
  expect(getLogger('levels').isLevelEnabled('warning')).toBe(true);
});

test('a level may be written as the settings write it', () => {
  configureLogging({ level: 'ERROR' as AuditLevel });
  expect(getLogger('levels').isLevelEnabled('error')).toBe(true);
  expect(getLogger('levels').isLevelEnabled('warning')).toBe(false);
});
