import { context } from '@opentelemetry/api';
import { noteCancellation } from './grpc-call.ts';
import type { InstrumentationEntry } from './instrumentation-table.ts';

type Step = (...args: unknown[]) => unknown;
type Queue = (this: unknown, call: Record<string, Step>, ...rest: unknown[]) => unknown;

/** Calls that wait for a connection, and what is called once there is one. */
const queues: Readonly<Record<string, string>> = { queueCallForPick: 'doPick', queueCallForConfig: 'getConfig' };

/**
 * Lets the calls of `@grpc/grpc-js` that wait for a connection go on in the context in which they were made: whoever asks first makes it, and all
 * others went on in his. What is cancelled says why. Their requests are seen through http2. With `@opentelemetry/instrumentation-grpc` also what that makes.
 */
export const grpcPatch: NonNullable<InstrumentationEntry['patch']> = ({ exports, name, directory }, load) => {
  if (name.endsWith('/build/src/internal-channel.js')) keepContexts(exports);
  if (name.endsWith('/build/src/subchannel-call.js')) hearCancellations(exports);
  const patcher = load();
  if (patcher !== undefined) return patcher.patch(exports, name, directory);
  return name === '@grpc/grpc-js' ? 'patched' : 'none';
};

function keepContexts(exports: unknown): void {
  const { InternalChannel } = exports as { readonly InternalChannel?: { readonly prototype: Record<string, Queue> } };
  if (InternalChannel === undefined) return;
  const { prototype } = InternalChannel;
  for (const [name, step] of Object.entries(queues)) {
    const queue = prototype[name];
    if (queue === undefined) continue;
    prototype[name] = function (call, ...rest) {
      keepContext(call, step);
      return queue.call(this, call, ...rest);
    };
  }
}

interface SubchannelCall {
  readonly http2Stream?: object;
}

/** A deadline that is over and a call that is given up look the same to the server. */
function hearCancellations(exports: unknown): void {
  const { Http2SubchannelCall } = exports as {
    readonly Http2SubchannelCall?: { readonly prototype: { cancelWithStatus?: Step } };
  };
  const cancel = Http2SubchannelCall?.prototype.cancelWithStatus;
  if (Http2SubchannelCall === undefined || cancel === undefined) return;
  Http2SubchannelCall.prototype.cancelWithStatus = function (this: SubchannelCall, ...args) {
    if (this.http2Stream !== undefined) noteCancellation(this.http2Stream, args[0], args[1]);
    return cancel.apply(this, args);
  };
}

function keepContext(call: Record<string, Step>, step: string): void {
  const run = call[step];
  if (run === undefined || Object.hasOwn(call, step)) return;
  const made = context.active();
  const value = (...args: unknown[]) => {
    delete call[step];
    return context.with(made, () => run.apply(call, args));
  };
  Object.defineProperty(call, step, { value, configurable: true, writable: true, enumerable: false });
}
