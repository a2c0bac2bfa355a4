import { type Tracer, trace } from '@opentelemetry/api';
import { scopeName } from './conventions.ts';

/** Version of the instrumentation scope; a test holds it against package.json. */
export const scopeVersion = '0.1.0';

/** The tracer of spanledger, from whatever provider is registered now. */
export function ledgerTracer(): Tracer {
  return trace.getTracer(scopeName, scopeVersion);
}
