import { type DiagLogger, diag } from '@opentelemetry/api';
import { expect, it, vi } from 'vitest';
import { createCourier } from '../../src/register/courier.ts';

it('a courier for which there is no thread leaves the host alone, and is tried again', async () => {
  const warnings: string[] = [];
  const quiet = () => undefined;
  const warn = (text: string) => void warnings.push(text);
  const logger: DiagLogger = { error: quiet, warn, info: quiet, debug: quiet, verbose: quiet };
  diag.setLogger(logger, { suppressOverrideMessage: true });
  // Refused at once, as by a machine that has no thread left.
  const script = new URL('http://127.0.0.1/script.mjs');
  const one = createCourier({ load: { otlp: {} }, environment: {}, script, restartMillis: 1 });
  expect(() => one.send('traces', new Uint8Array(1))).toThrow('started again');
  expect(one.finish(1_000)).toBe(false);
  await vi.waitFor(() => expect(one.deaths()).toBeGreaterThan(2), { timeout: 20_000 });
  expect(warnings[0]).toContain('cannot be started');
});
