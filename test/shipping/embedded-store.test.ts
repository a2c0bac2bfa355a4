import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe } from 'vitest';
import { systemShippingClock } from '../../src/shipping/clock.ts';
import { createEmbeddedStore } from '../../src/shipping/embedded-store.ts';
import { noon } from './sample-rows.ts';
import { describeStore } from './store-contract.ts';

const directory = mkdtempSync(join(tmpdir(), 'spanledger-embedded-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('the embedded store', () => {
  describeStore(() => createEmbeddedStore({ directory, clock: { ...systemShippingClock, now: () => noon } }));
});
