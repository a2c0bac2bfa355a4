import { type Context, context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';

/** Trace, baggage and correlation id as plain texts: they go into messages of worker threads, jobs of queues and rows. */
export type ContextCarrier = Readonly<Record<string, string>>;

/** The context in force, to be carried to where no call leads: a message to a worker thread, a job in a queue. */
export function carryContext(from: Context = context.active()): ContextCarrier {
  const carrier: Record<string, string> = {};
  propagation.inject(from, carrier);
  return carrier;
}

/** Runs `fn` in a context that was carried here; everything awaited in it is in the same trace, under the same correlation id. */
export function withCarriedContext<T>(carrier: ContextCarrier, fn: () => T): T {
  return context.with(propagation.extract(context.active(), carrier), fn);
}

/**
 * The context in force as variables for a child process or a worker thread: `TRACEPARENT`, `BAGGAGE`, `X_CORRELATION_ID`. A child that is
 * started with `spanledger/register` goes on in the same trace.
 *
 * ```ts
 * spawn('node', ['--import', 'spanledger/register', 'child.js'], { env: { ...process.env, ...childEnvironment() } });
 * new Worker('./worker.js', { env: { ...process.env, ...childEnvironment() } });
 * ```
 */
export function childEnvironment(from: Context = context.active()): ContextCarrier {
  return Object.fromEntries(Object.entries(carryContext(from)).map(([name, value]) => [variableOf(name), value]));
}

/** The context that these variables of a process carry; the root context where there is none in them. */
export function contextOfEnvironment(environment: Readonly<Record<string, string | undefined>>): Context {
  return propagation.extract(ROOT_CONTEXT, environment, {
    get: (variables, name) => variables[variableOf(name)],
    keys: (variables) => Object.keys(variables),
  });
}

/** As the specification of OpenTelemetry has it for variables. */
function variableOf(name: string): string {
  return name.toUpperCase().replace(/[^A-Z0-9_]/g, '_');
}
