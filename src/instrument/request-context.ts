import { type Context, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import { type RPCMetadata, RPCType, setRPCMetadata } from '@opentelemetry/core';

/**
 * The context in which a request is served: its span, and where frameworks leave the route, on top of what the caller sent along. The
 * same as `setRPCMetadata(trace.setSpan(parent, span), metadata)`, each of which copies the whole context.
 */
export class RequestContext implements Context {
  readonly #parent: Context;
  readonly #span: Span;
  readonly #metadata: RPCMetadata;
  #copy: Context | undefined;

  constructor(parent: Context, span: Span, metadata: RPCMetadata) {
    this.#parent = parent;
    this.#span = span;
    this.#metadata = metadata;
  }

  getValue(key: symbol): unknown {
    if (key === spanKey) return this.#span;
    return key === metadataKey ? this.#metadata : this.#parent.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return this.#plain().setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return this.#plain().deleteValue(key);
  }

  #plain(): Context {
    this.#copy ??= setRPCMetadata(trace.setSpan(this.#parent, this.#span), this.#metadata);
    return this.#copy;
  }
}

const noSpan = trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: 0 });
const spanKey = keyOf((to) => trace.setSpan(to, noSpan));
const metadataKey = keyOf((to) => setRPCMetadata(to, { type: RPCType.HTTP, span: noSpan }));

/** The key under which a function sets its value: the API keeps it to itself. */
function keyOf(set: (to: Context) => Context): symbol | undefined {
  let found: symbol | undefined;
  set({
    getValue: () => undefined,
    setValue: (key) => {
      found = key;
      return ROOT_CONTEXT;
    },
    deleteValue: () => ROOT_CONTEXT,
  });
  return found;
}
