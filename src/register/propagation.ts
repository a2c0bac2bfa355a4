import { createRequire } from 'node:module';
import { join } from 'node:path';
import { diag, type TextMapPropagator } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';

/**
 * The propagator that `OTEL_PROPAGATORS` asks for, with `last` behind the others, so that it sees what they found. `undefined` where
 * nothing is to be passed on.
 */
export function createPropagator(names: readonly string[], last?: TextMapPropagator): TextMapPropagator | undefined {
  const propagators = names.flatMap((name) => propagatorOf(name) ?? []);
  if (last !== undefined) propagators.push(last);
  return propagators.length === 0 ? undefined : new CompositePropagator({ propagators });
}

function propagatorOf(name: string): TextMapPropagator | undefined {
  switch (name) {
    case 'tracecontext':
      return new W3CTraceContextPropagator();
    case 'baggage':
      return new W3CBaggagePropagator();
    case 'b3':
      return loadB3((B3Propagator) => new B3Propagator());
    case 'b3multi':
      return loadB3((B3Propagator, { MULTI_HEADER }) => new B3Propagator({ injectEncoding: MULTI_HEADER }));
    default:
      diag.warn(`OTEL_PROPAGATORS names the propagator ${name}, which spanledger does not know; it is left out.`);
      return undefined;
  }
}

interface B3Module {
  readonly B3Propagator: new (options?: { injectEncoding: number }) => TextMapPropagator;
  readonly B3InjectEncoding: { readonly MULTI_HEADER: number };
}

const b3Package = '@opentelemetry/propagator-b3';

/** B3 does not come with spanledger: it is used where the program has it installed. */
function loadB3(
  make: (propagator: B3Module['B3Propagator'], encoding: B3Module['B3InjectEncoding']) => TextMapPropagator,
): TextMapPropagator | undefined {
  try {
    const require = createRequire(join(process.cwd(), 'index.js'));
    const { B3Propagator, B3InjectEncoding } = require(b3Package) as B3Module;
    return make(B3Propagator, B3InjectEncoding);
  } catch (error) {
    diag.error(`OTEL_PROPAGATORS names b3, which needs ${b3Package}: npm install ${b3Package}. It is left out.`, error);
    return undefined;
  }
}
