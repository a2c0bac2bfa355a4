import { context, diag, metrics, propagation, trace } from '@opentelemetry/api';
import { vi } from 'vitest';
import { logs } from './logs-api.ts';

/*
 * Runs before a test file in a process that has run others: its modules are evaluated anew, and nothing is left of what those
 * have made global with OpenTelemetry or spanledger.
 */

vi.resetModules();
for (const api of [context, diag, logs, metrics, propagation, trace]) api.disable();
for (const key of Object.getOwnPropertySymbols(globalThis)) {
  if (Symbol.keyFor(key)?.startsWith('spanledger.')) Reflect.deleteProperty(globalThis, key);
}
