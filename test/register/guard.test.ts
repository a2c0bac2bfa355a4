import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diag } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startGuard } from '../../src/register/guard.ts';
import { createShippingMemory } from '../../src/register/shipping-memory.ts';

const script = new URL('./fixtures/guard-script.mjs', import.meta.url);
const errors: string[] = [];
let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'spanledger-guard-'));
  errors.length = 0;
  const quiet = () => undefined;
  const logger = { error: (text: string) => errors.push(text), warn: quiet, info: quiet, debug: quiet, verbose: quiet };
  diag.setLogger(logger, { suppressOverrideMessage: true });
});
afterEach(() => {
  diag.disable();
  rmSync(directory, { recursive: true, force: true });
});

const data = () => ({
  owner: { instanceId: 'i', service: 's', host: 'h', pid: 1, startedAt: 1 },
  directory,
  memory: createShippingMemory(),
  ships: false,
  blockedMillis: 1_000,
  listen: { host: '127.0.0.1', port: 1 },
});
const supervisor = { pid: 1, descriptor: 99, leadsGroup: false, graceMillis: 1 };
const patience = { timeout: 20_000, interval: 20 };

describe('the guard', () => {
  it('is started again when it dies, a few times, without the line to the supervisor that went with it', async () => {
    startGuard({ ...data(), supervisor }, {}, { script, restartMillis: 1 });
    await vi.waitFor(() => expect(errors.at(-1)).toContain('died 3 times'), patience);
    const runs = readFileSync(join(directory, 'guards'), 'utf8').trim().split('\n');
    const [listen] = [data().listen];
    expect(runs.map((run) => JSON.parse(run))).toEqual([{ listen, supervisor }, { listen }, { listen }]);
  });

  it('keeps no program from starting where there is no thread for it', () => {
    startGuard(data(), {}, { script: new URL('http://127.0.0.1/script.mjs') });
    expect(errors[0]).toContain('No thread can be started');
  });
});
