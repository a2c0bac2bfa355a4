import { createRequire } from 'node:module';

/**
 * Packages that only some programs need, loaded when one does: each is 15 to 30 ms of the start of every program that does not. By
 * `require`, since `spanledger/register` has to be there before the program without waiting for anything.
 */
const require = createRequire(import.meta.url);

/** The metrics SDK: needed where metrics are sent. */
export function metricsSdk(): typeof import('@opentelemetry/sdk-metrics') {
  return require('@opentelemetry/sdk-metrics') as typeof import('@opentelemetry/sdk-metrics');
}

/** Encoders of OTLP: needed where something is sent over it. */
export function otlpTransformer(): typeof import('@opentelemetry/otlp-transformer') {
  return require('@opentelemetry/otlp-transformer') as typeof import('@opentelemetry/otlp-transformer');
}
