import { setImmediate } from 'node:timers/promises';
import { type DiagLogger, diag } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Courier, type CourierOptions, createCourier } from '../../src/register/courier.ts';

const script = new URL('./fixtures/courier-script.mjs', import.meta.url);
const warnings: string[] = [];
const patience = { timeout: 20_000, interval: 20 };

beforeEach(() => {
  warnings.length = 0;
  const quiet = () => undefined;
  const logger: DiagLogger = {
    error: quiet,
    warn: (text) => warnings.push(text),
    info: quiet,
    debug: quiet,
    verbose: quiet,
  };
  diag.setLogger(logger, { suppressOverrideMessage: true });
});
afterEach(() => diag.disable());

function courier(options: Partial<CourierOptions> = {}): Courier {
  return createCourier({ load: { otlp: {} }, environment: {}, script, restartMillis: 1, ...options });
}

const body = (text: string) => new Uint8Array(Buffer.from(text));

describe('the courier', () => {
  it('resolves when a request was taken and rejects when it was refused', async () => {
    const one = courier();
    await expect(one.send('traces', body('take'))).resolves.toBeUndefined();
    await expect(one.send('logs', body('refuse'))).rejects.toThrow('Bad Request');
  });

  it.each(['die', 'throw'])(
    'fails what was under way when the thread ends by %s, and is started again',
    async (last) => {
      const one = courier();
      const lost = one.send('traces', body('silence'));
      const fatal = one.send('traces', body(last));
      await Promise.all([lost, fatal].map((one) => expect(one).rejects.toThrow('ended before')));
      expect(one.deaths()).toBe(1);
      expect(() => one.send('traces', body('take'))).toThrow('started again');
      await vi.waitFor(() => expect(one.send('traces', body('take'))).resolves.toBeUndefined(), patience);
    },
  );

  it('runs without the flags of the host, wherever they come from, and with its other variables', async () => {
    const one = courier({ environment: { NODE_OPTIONS: '--max-http-header-size=9999', OTHER: 'kept' } });
    await expect(one.send('traces', body('options'))).resolves.toBeUndefined();
  });

  it('refuses more requests than memory should hold', async () => {
    const one = courier();
    const waiting = Array.from({ length: 64 }, () => one.send('traces', body('silence')));
    expect(() => one.send('traces', body('take'))).toThrow('64 OTLP requests');
    expect(waiting).toHaveLength(64);
  });

  it('settles when nothing is under way any more', async () => {
    const one = courier();
    let outcome = '';
    one.send('traces', body('refuse')).catch(() => {
      outcome = 'refused';
    });
    await one.settled();
    await setImmediate();
    expect(outcome).toBe('refused');
  });

  it('blocks until the thread has answered', () => {
    expect(courier().finish(60_000)).toBe(true);
  });

  it('does not block longer than it may', () => {
    const one = courier({ load: { otlp: { traces: 'http/json' } } });
    const before = performance.now();
    expect(one.finish(50)).toBe(false);
    expect(performance.now() - before).toBeGreaterThanOrEqual(49);
    // One that waited for the answer would be told true.
  });

  it('does not block for a thread that is dead', async () => {
    const one = courier({ restartMillis: 60_000 });
    await expect(one.send('traces', body('die'))).rejects.toThrow();
    const before = performance.now();
    expect(one.finish(60_000)).toBe(false);
    expect(performance.now() - before).toBeLessThan(20_000);
  });

  it('says once why the thread failed', async () => {
    const one = courier({ restartMillis: 60_000 });
    await expect(one.send('traces', body('throw'))).rejects.toThrow();
    expect(warnings).toEqual(['The courier thread failed and is started again.']);
  });
});
