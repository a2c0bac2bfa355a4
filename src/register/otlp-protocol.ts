/** Signals that travel over OTLP, each to its own path. */
export type OtlpSignal = 'traces' | 'logs' | 'metrics';

/** Encodings of OTLP over HTTP. */
export type OtlpHttpProtocol = 'http/protobuf' | 'http/json';

/** Whether a protocol is one that the courier speaks. */
export function isOtlpHttp(protocol: string): protocol is OtlpHttpProtocol {
  return protocol === 'http/protobuf' || protocol === 'http/json';
}
