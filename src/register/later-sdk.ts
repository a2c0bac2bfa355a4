import { createRequire } from 'node:module';
import * as api from '@opentelemetry/api';
import { CompositePropagator } from '@opentelemetry/core';
import type { LogRecordProcessor } from '@opentelemetry/sdk-logs';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import { attachLogRecordProcessor, attachSpanProcessor } from './attachment.ts';

/** What joins an SDK that the program starts later. */
export interface LaterSdkParts {
  readonly spans: readonly SpanProcessor[];
  readonly log: LogRecordProcessor;
  /** Works on behind the propagator of that SDK. */
  readonly propagator: api.TextMapPropagator | undefined;
  /** The home of the logs API. */
  readonly logs: { setGlobalLoggerProvider(provider: never): unknown; disable(): void };
}

let isReplaced = false;
const listeners: (() => void)[] = [];

/** Whether the program has put an SDK of its own in the place of ours. */
export function isSdkReplaced(): boolean {
  return isReplaced;
}

/** Calls back when the program has put an SDK of its own in the place of ours. */
export function onSdkReplaced(listener: () => void): void {
  listeners.push(listener);
}

/**
 * Lets an SDK that the program starts by itself take the place of ours, and joins it, as one that was there before. OpenTelemetry refuses
 * a second registration and says so in a diagnostic message: with the flag, a service that sends its traces by code would send none.
 */
export function giveWayToLaterSdk(parts: LaterSdkParts): void {
  for (const copy of apiCopies()) {
    replaceOnce(
      copy.trace,
      'setGlobalTracerProvider',
      () => copy.trace.disable(),
      () => joinTraces(parts),
    );
    const setLogger = copy.diag.setLogger.bind(copy.diag);
    // That SDK brings a logger where OTEL_LOG_LEVEL is given; that it takes the place of ours is no news.
    copy.diag.setLogger = (logger, options) =>
      setLogger(logger, {
        ...(typeof options === 'object' ? options : { logLevel: options ?? api.DiagLogLevel.INFO }),
        suppressOverrideMessage: true,
      });
    // One context manager is as good as another, and what runs already is in ours.
    copy.context.setGlobalContextManager = () => true;
    const setPropagator = copy.propagation.setGlobalPropagator.bind(copy.propagation);
    copy.propagation.setGlobalPropagator = (propagator, ...rest) => {
      copy.propagation.disable();
      return setPropagator(behind(propagator, parts.propagator), ...rest);
    };
  }
  replaceOnce(
    parts.logs,
    'setGlobalLoggerProvider',
    () => parts.logs.disable(),
    () => attachLogRecordProcessor(parts.log),
  );
}

/** From 1.10 on the API has a copy for `import` and one for `require`, with one registry behind them. */
function apiCopies(): readonly (typeof api)[] {
  const required = createRequire(import.meta.url)('@opentelemetry/api') as typeof api;
  return required.trace === api.trace ? [api] : [api, required];
}

/** Makes the next call of a method take the place of what is registered. */
function replaceOnce<K extends string>(
  holder: { [key in K]: (provider: never) => unknown },
  key: K,
  clear: () => void,
  join: () => void,
): void {
  const register = holder[key].bind(holder);
  holder[key] = (provider: never) => {
    holder[key] = register;
    clear();
    const result = register(provider);
    join();
    return result;
  };
}

function joinTraces({ spans }: LaterSdkParts): void {
  isReplaced = true;
  const joined = spans.map(attachSpanProcessor).every(Boolean);
  for (const listener of listeners) listener();
  if (joined) api.diag.info('The program has started an OpenTelemetry SDK of its own, which spanledger has joined.');
  else
    api.diag.error(
      'The program has started an OpenTelemetry SDK that spanledger cannot join: only transitions are recorded.',
    );
}

function behind(propagator: api.TextMapPropagator, last: api.TextMapPropagator | undefined): api.TextMapPropagator {
  return last === undefined ? propagator : new CompositePropagator({ propagators: [propagator, last] });
}
