import { type Context, context } from '@opentelemetry/api';

/** A function of the program, of which nothing is known. */
export type HostFunction = (this: unknown, ...args: unknown[]) => unknown;

/** One call that is recorded. Neither function throws. */
export interface RecordedCall {
  readonly context: Context;
  /** What the function is given in place of what it was called with. */
  readonly args?: readonly unknown[];
  returned(result: unknown): void;
  threw(error: unknown): void;
}

/** Begins to record a call; `undefined` where it is not recorded. Never throws. */
export type BeginCall = (self: unknown, args: readonly unknown[]) => RecordedCall | undefined;

const key = Symbol.for('spanledger.recorded-functions.v1');
const slot = globalThis as { [key]?: WeakMap<object, HostFunction> };
slot[key] ??= new WeakMap();
/** From a function, and from what takes its place, to the latter. */
const recorded: WeakMap<object, HostFunction> = slot[key];

/** Whether calls of a function are recorded already. */
export function isRecorded(fn: object): boolean {
  return recorded.has(fn);
}

/**
 * A function that takes the place of another: its name, length, properties, prototype and text are those of the other, and `new` makes the
 * same objects, unrecorded. Whatever it is given twice, it answers once.
 */
export function recordCalls(fn: HostFunction, begin: BeginCall): HostFunction {
  const known = recorded.get(fn);
  if (known !== undefined) return known;
  const proxy = recordThisUse(fn, begin);
  recorded.set(fn, proxy);
  recorded.set(proxy, proxy);
  return proxy;
}

/** As {@link recordCalls}, for one use of a function of many, such as a handler that two queues have: it answers each time anew. */
export function recordThisUse(fn: HostFunction, begin: BeginCall): HostFunction {
  return new Proxy(fn, { apply: (target, self, args: unknown[]) => callRecorded(target, self, args, begin) });
}

function callRecorded(fn: HostFunction, self: unknown, args: unknown[], begin: BeginCall): unknown {
  if (isGeneratorFunction(fn)) return recordLater(Reflect.apply(fn, self, args), () => begin(self, args));
  const call = begin(self, args);
  if (call === undefined) return Reflect.apply(fn, self, args);
  let result: unknown;
  try {
    const given = call.args ?? args;
    result = context.with(call.context, () => Reflect.apply(fn, self, given));
  } catch (error) {
    call.threw(error);
    throw error;
  }
  return followed(result, call);
}

/** The result, of which the end of the call depends: that of a promise or an iteration, else now. */
function followed(result: unknown, call: RecordedCall): unknown {
  if (result instanceof Promise && isPlainPromise(result)) return followPromise(result, call);
  if (isThenable(result)) return followThenable(result, call);
  if (isIterator(result)) return followIterator(result, () => call);
  call.returned(result);
  return result;
}

const followers = new WeakMap<Promise<unknown>, Promise<unknown>>();

/**
 * The promise that follows it takes its place: only so is a rejection that nobody handles still one. The same promise gets the same
 * follower, so that a promise that is kept stays one.
 */
function followPromise(promise: Promise<unknown>, call: RecordedCall): Promise<unknown> {
  const told = promise.then(
    (value) => {
      call.returned(value);
      return value;
    },
    (error: unknown) => {
      call.threw(error);
      throw error;
    },
  );
  const known = followers.get(promise);
  if (known === undefined) {
    followers.set(promise, told);
    followers.set(told, told);
    takeMembers(told, promise);
    return told;
  }
  // The first follower tells of an error that nobody handles.
  told.catch(() => {});
  return known;
}

/** Such as `cancel`, which some put on their promises. What Node.js keeps there has symbols for names. */
function takeMembers(to: object, from: object): void {
  for (const name of Object.getOwnPropertyNames(from)) {
    const descriptor = Reflect.getOwnPropertyDescriptor(from, name);
    if (descriptor !== undefined) Reflect.defineProperty(to, name, descriptor);
  }
}

/** One that `await` takes as it is, whatever its `then` says. */
function isPlainPromise(promise: Promise<unknown>): boolean {
  return Object.getPrototypeOf(promise) === Promise.prototype;
}

interface Thenable {
  then: (this: unknown, ok?: unknown, fail?: unknown, ...rest: unknown[]) => unknown;
}

function isThenable(value: unknown): value is Thenable {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  try {
    return typeof (value as Partial<Thenable>).then === 'function';
  } catch {
    return false;
  }
}

/**
 * Promises with more to them, such as queries that begin when they are awaited, stay what they are; what they come to is learnt when the
 * program asks for it.
 */
function followThenable(thenable: Thenable, call: RecordedCall): unknown {
  const original = thenable.then;
  const isSet = setOwn(thenable, 'then', function (this: unknown, ok: unknown, fail: unknown, ...rest: unknown[]) {
    const told =
      (handler: unknown, tell: (value: unknown) => void, otherwise: (value: unknown) => unknown) =>
      (value: unknown) => {
        tell(value);
        return typeof handler === 'function' ? (handler(value) as unknown) : otherwise(value);
      };
    const rethrow = (error: unknown) => {
      throw error;
    };
    return context.with(call.context, () =>
      Reflect.apply(original, this, [
        told(ok, call.returned, (value) => value),
        told(fail, call.threw, rethrow),
        ...rest,
      ]),
    );
  });
  if (!isSet) call.returned(undefined);
  return thenable;
}

interface HostIterator {
  next(value?: unknown): unknown;
  return?(value?: unknown): unknown;
  throw?(error?: unknown): unknown;
}

/** Lists, sets and streams are no iterators; what generators return is. */
function isIterator(value: unknown): value is HostIterator {
  if (typeof value !== 'object' || value === null) return false;
  return /^(?:Async)?Generator$|^Iterator Helper$/.test(Object.prototype.toString.call(value).slice(8, -1));
}

function isGeneratorFunction(fn: HostFunction): boolean {
  return /^(?:Async)?GeneratorFunction$/.test(Object.prototype.toString.call(fn).slice(8, -1));
}

/** The code of a generator begins with the first value that is asked for, and so does the record of it. */
function recordLater(iterator: unknown, begin: () => RecordedCall | undefined): unknown {
  return isIterator(iterator) ? followIterator(iterator, begin) : iterator;
}

function followIterator(iterator: HostIterator, begin: () => RecordedCall | undefined): unknown {
  let call: { readonly begun: RecordedCall | undefined } | undefined;
  for (const method of ['next', 'return', 'throw'] as const) {
    const original = iterator[method];
    if (typeof original !== 'function') continue;
    setOwn(iterator, method, function (this: unknown, ...args: unknown[]) {
      call ??= { begun: begin() };
      const { begun } = call;
      return begun === undefined
        ? Reflect.apply(original, this, args)
        : stepped(begun, () => Reflect.apply(original, this, args));
    });
  }
  return iterator;
}

function stepped(call: RecordedCall, step: () => unknown): unknown {
  let result: unknown;
  try {
    result = context.with(call.context, step);
  } catch (error) {
    call.threw(error);
    throw error;
  }
  const end = (one: unknown) => {
    const { done, value } = one as { readonly done?: boolean; readonly value?: unknown };
    if (done === true) call.returned(value);
  };
  if (result instanceof Promise) return followPromise(result, { ...call, returned: end });
  end(result);
  return result;
}

function setOwn(holder: object, name: string, value: unknown): boolean {
  return Reflect.defineProperty(holder, name, { value, writable: true, configurable: true, enumerable: false });
}
