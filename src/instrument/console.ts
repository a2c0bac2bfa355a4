import { format } from 'node:util';
import type { AuditLevel } from '../domain/audit.ts';
import type { LogCapture } from './log-capture.ts';

/** `trace`, `assert`, `table` and the timers of the console come out through these. `dir` is left alone: it is how exporters print. */
const levels = {
  debug: 'debug',
  log: 'info',
  info: 'info',
  warn: 'warning',
  error: 'error',
} as const satisfies Record<string, AuditLevel>;

type Method = keyof typeof levels;
const methods = Object.keys(levels) as readonly Method[];

/**
 * Takes what the program writes with the console of the process, and lets the console write it as ever. What loggers write by way of the
 * console is taken from them, not here.
 */
export function patchConsole(target: Pick<Console, Method>, capture: LogCapture): void {
  for (const method of methods) {
    const original = target[method];
    const patched = function (this: unknown, ...values: unknown[]): void {
      if (!capture.isMuted) {
        capture.take('console', () => ({
          logger: 'console',
          level: levels[method],
          message: format(...values),
          ...errorAmong(values),
        }));
      }
      // Some of these call each other.
      capture.muted(() => Reflect.apply(original, this, values));
    };
    Object.defineProperty(patched, 'name', { value: method });
    target[method] = patched;
  }
}

function errorAmong(values: readonly unknown[]): { readonly error?: unknown } {
  const error = values.find((value) => value instanceof Error);
  return error === undefined ? {} : { error };
}
