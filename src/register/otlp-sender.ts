import { ExportResultCode } from '@opentelemetry/core';
import type { IOtlpExportDelegate } from '@opentelemetry/otlp-exporter-base';
import { convertLegacyHttpOptions, createOtlpHttpExportDelegate } from '@opentelemetry/otlp-exporter-base/node-http';
import type { OtlpHttpProtocol, OtlpSignal } from './otlp-protocol.ts';

/** Sends encoded OTLP requests. */
export interface OtlpSender {
  /** Resolves when the collector has taken the request; rejects when it will not or cannot. */
  send(signal: OtlpSignal, body: Uint8Array): Promise<void>;
  /** Resolves when nothing is on its way any more. */
  settle(): Promise<void>;
}

/**
 * A sender for requests that are encoded already. Endpoint, headers, compression, certificates and time limits come from the
 * `OTEL_EXPORTER_OTLP_*` variables, retries and back-off are OpenTelemetry's own.
 */
export function createOtlpSender(protocols: Readonly<Partial<Record<OtlpSignal, OtlpHttpProtocol>>>): OtlpSender {
  const delegates = new Map<OtlpSignal, IOtlpExportDelegate<Uint8Array>>();
  const delegateOf = (signal: OtlpSignal): IOtlpExportDelegate<Uint8Array> => {
    const known = delegates.get(signal) ?? createDelegate(signal, protocols[signal] ?? 'http/protobuf');
    delegates.set(signal, known);
    return known;
  };
  return {
    send: (signal, body) =>
      new Promise((resolve, reject) => {
        delegateOf(signal).export(body, ({ code, error }) => {
          if (code === ExportResultCode.SUCCESS) resolve();
          else reject(error ?? new Error('The collector did not take the request.'));
        });
      }),
    settle: async () => {
      await Promise.allSettled([...delegates.values()].map((delegate) => delegate.forceFlush()));
    },
  };
}

function createDelegate(signal: OtlpSignal, protocol: OtlpHttpProtocol): IOtlpExportDelegate<Uint8Array> {
  const contentType = protocol === 'http/json' ? 'application/json' : 'application/x-protobuf';
  const options = convertLegacyHttpOptions({}, signal.toUpperCase(), `v1/${signal}`, { 'Content-Type': contentType });
  const encodedAlready = { serializeRequest: (body: Uint8Array) => body, deserializeResponse: () => ({}) };
  const helper = { name: itemNames[signal], countItems: () => 1 };
  return createOtlpHttpExportDelegate(options, encodedAlready, 'otlp_http_courier', helper, undefined);
}

const itemNames = { traces: 'span', logs: 'log', metrics: 'metric_data_point' } as const;
